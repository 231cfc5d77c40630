import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

/** Where a Chromium is, or why there is none. */
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function findChromium(): string | undefined {
  const bundled = chromium.executablePath();
  return PATHS.find((path) => existsSync(path)) ?? (existsSync(bundled) ? bundled : undefined);
}

export const NO_CHROMIUM =
  findChromium() === undefined
    ? "no Chromium: install Debian's chromium, or run `npx playwright-core install chromium-headless-shell`"
    : undefined;

export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(NO_CHROMIUM);
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-default-apps",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export interface VisitOptions {
  readonly link: string;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly theme?: "light" | "dark";
  readonly touch?: boolean;
}

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in the page: errors, refusals of the content security policy, requests to elsewhere. */
  readonly problems: string[];
}

/** A browser of its own, signed in by the link. */
export async function visit(browser: Browser, options: VisitOptions): Promise<Visit> {
  const context = await browser.newContext({
    viewport: options.viewport ?? DESKTOP,
    colorScheme: options.theme ?? "light",
    hasTouch: options.touch ?? false,
    isMobile: options.touch ?? false,
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(15_000);
  const problems: string[] = [];
  watch(context, new URL(options.link).origin, problems);
  const page = await context.newPage();
  await page.goto(options.link);
  // Leaving while the first page fetches its parts would look like a defect of that page.
  await page.locator("h1, h2").first().waitFor({ state: "attached" });
  return { context, page, problems };
}

function watch(context: BrowserContext, origin: string, problems: string[]): void {
  context.on("weberror", (error) => problems.push(`error: ${error.error().message}`));
  context.on("console", (message) => {
    // A lost connection is logged by the browser itself, and is what some tests are about.
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) {
      problems.push(`console: ${message.text()}`);
    }
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:") {
      problems.push(`request: ${request.url()}`);
    }
  });
}

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { createServer } from "vite";
import { axeFindings } from "../testing/axe.ts";
import { DESKTOP, NO_CHROMIUM, openBrowser, PHONE, visit } from "../testing/browser.ts";
import { builtApp } from "../testing/built-app.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);

e2e("[WB60] the style guide shows every component, in development only, and axe finds nothing in it", async () => {
  const assets = await readdir(join(await builtApp(), "assets"));
  expect(assets.length).toBeGreaterThan(5);
  expect(assets.filter((name) => /styleguide/i.test(name))).toEqual([]);

  const vite = await createServer({
    configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)),
    logLevel: "error",
    server: { port: 0, host: "127.0.0.1", proxy: {} },
  });
  await vite.listen();
  onTestFinished(() => vite.close());
  const browser = await openBrowser();
  onTestFinished(() => browser.close());
  const [local = ""] = vite.resolvedUrls?.local ?? [];
  const link = new URL("/_styleguide", local).href;
  for (const [viewport, theme] of [
    [DESKTOP, "light"],
    [PHONE, "dark"],
  ] as const) {
    const { page, context, problems } = await visit(browser, { link, viewport, theme });
    await page.getByRole("heading", { name: "Style guide" }).waitFor({ timeout: 60_000 });
    await page.locator('article[data-kind="tool"]').nth(10).waitFor();
    const kinds = await page.locator("article").evaluateAll((all) => all.map((one) => one.getAttribute("data-kind")));
    expect(new Set(kinds).size).toBeGreaterThan(8);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await axeFindings(page)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  }
});

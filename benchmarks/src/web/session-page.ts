import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { z } from "zod";
import { line, type Benchmark, type BenchmarkContext, type Line } from "../benchmark.ts";
import { median } from "../statistics.ts";

const SMALL = 100;
const LARGE = 100_000;
const ROUNDS = 5;
/** The reference takes seconds and hundreds of megabytes each time. */
const PEER_ROUNDS = 2;
const CHROMIUM = "/usr/bin/chromium";
const MIB = 1024 * 1024;

/** What a person feels who opens a session: the end of the transcript, whatever its length, and a page that stays free. */
export const sessionPage: Benchmark = {
  name: "web",
  about: "a session of 100 and of 100,000 rows in a real browser, beside the reference's StreamDB",
  async run(context) {
    if (!existsSync(CHROMIUM)) throw new Error(`This needs Chromium at ${CHROMIUM} (Debian: chromium).`);
    context.progress("making sessions of 100 and of 100,000 rows");
    const app = await startApp(context);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
    });
    context.defer(() => browser.close());
    return [
      ...(await opening(context, app, browser)),
      ...(await scrolling(app, browser)),
      await staysFree(app, browser),
    ];
  },
};

interface App {
  readonly url: string;
  readonly link: string;
  readonly peer: string;
}

const ready = z.object({ url: z.string(), link: z.string(), peer: z.string() });

async function startApp(context: BenchmarkContext): Promise<App> {
  const entry = fileURLToPath(new URL("../../../apps/web/testing/bench-app.ts", import.meta.url));
  const child = fork(entry, [String(SMALL), String(LARGE)], {
    execArgv: ["--import", "tsx", "--conditions=@skein/source"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  context.defer(async () => {
    if (child.connected) child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await exited;
    clearTimeout(late);
  });
  const failed = exited.then(([code]) => Promise.reject(new Error(`The app ended with ${String(code)}.`)));
  failed.catch(() => undefined);
  const [message]: unknown[] = await Promise.race([once(child, "message"), failed]);
  return ready.parse(message);
}

interface Opened {
  readonly ms: number;
  readonly received: number;
  readonly heap: number;
}

async function opening(context: BenchmarkContext, app: App, browser: Browser): Promise<Line[]> {
  const taken = { small: [] as Opened[], large: [] as Opened[], peer: [] as Opened[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    context.progress(`opening, round ${round + 1} of ${ROUNDS}`);
    taken.small.push(await openOurs(app, browser, SMALL));
    taken.large.push(await openOurs(app, browser, LARGE));
    if (round < PEER_ROUNDS) taken.peer.push(await openPeer(app, browser, LARGE));
  }
  const of = (all: readonly Opened[], what: keyof Opened): number => median(all.map((one) => one[what]));
  const { small, large, peer } = taken;
  const times = (of(large, "ms") / of(small, "ms")).toFixed(2);
  return [
    line("open a session of 100 rows: its last row is shown", "ms", { ours: of(small, "ms") }, "new browser, no cache"),
    line(
      "the same with 100,000 rows",
      "ms",
      { ours: of(large, "ms"), peer: of(peer, "ms") },
      `${times} times that of 100`,
    ),
    line("transferred for it", "MiB", { ours: of(large, "received") / MIB, peer: of(peer, "received") / MIB }),
    line("heap then, after collecting", "MiB", { ours: of(large, "heap") / MIB, peer: of(peer, "heap") / MIB }),
  ];
}

async function openOurs(app: App, browser: Browser, rows: number): Promise<Opened> {
  return inContext(app, browser, (page) => measure(page, `${app.url}/s/rows-${rows}`, `row-${rows - 1}`));
}

async function openPeer(app: App, browser: Browser, rows: number): Promise<Opened> {
  return inContext(app, browser, async (page, context) => {
    const html = '<!doctype html><title>peer</title><script type="module" src="/assets/peer.js"></script>';
    await context.route("**/peer.html*", (route) => route.fulfill({ contentType: "text/html", body: html }));
    await context.route("**/assets/peer.js", (route) =>
      route.fulfill({ contentType: "text/javascript", body: app.peer }),
    );
    const stream = encodeURIComponent(`/_skein/shared-state/coder-session/rows-${rows}`);
    return measure(page, `${app.url}/peer.html?stream=${stream}`, `row-${rows - 1}`);
  });
}

/** A browser that has nothing yet but the sign-in. */
async function inContext<T>(
  app: App,
  browser: Browser,
  work: (page: Page, context: BrowserContext) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(120_000);
  try {
    // Without the app's page, so that its files are not in the cache.
    await context.request.get(app.link, { maxRedirects: 0 });
    return await work(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

async function measure(page: Page, url: string, lastRow: string): Promise<Opened> {
  const devtools = await page.context().newCDPSession(page);
  let received = 0;
  await devtools.send("Network.enable");
  devtools.on("Network.dataReceived", ({ encodedDataLength, dataLength }) => {
    received += encodedDataLength > 0 ? encodedDataLength : dataLength;
  });
  const began = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.locator(`[data-row="${lastRow}"]`).waitFor();
  const ms = performance.now() - began;
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return { ms, received, heap: usedSize };
}

/** Back to the first of 20,000 rows would take minutes by wheel: forty screens say what a frame without rows is. */
async function scrolling(app: App, browser: Browser): Promise<Line[]> {
  return inContext(app, browser, async (page) => {
    await page.goto(`${app.url}/s/rows-${LARGE}`);
    await page.locator(`[data-row="row-${LARGE - 1}"]`).waitFor();
    await page.getByRole("region", { name: "Transcript" }).hover();
    await page.evaluate(WATCH_FRAMES);
    for (let step = 0; step < 120; step += 1) await page.mouse.wheel(0, -600);
    await page.waitForFunction("!document.querySelector('[data-row=\"row-99900\"]')");
    const { frames, blank, most } = framesSeen.parse(await page.evaluate("globalThis.skeinFrames"));
    return [
      line(
        "scrolling back 72,000 px: frames without a row, most in a row",
        "frames",
        { ours: most },
        `${blank} of ${frames}`,
      ),
    ];
  });
}

const framesSeen = z.object({ frames: z.number(), blank: z.number(), most: z.number() });

const WATCH_FRAMES = `(() => {
  const seen = { frames: 0, blank: 0, most: 0 };
  globalThis.skeinFrames = seen;
  let run = 0;
  const region = document.querySelector('[role="region"][aria-label="Transcript"]');
  const look = () => {
    const view = region.getBoundingClientRect();
    const shown = [...region.querySelectorAll("[data-row]")].some((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > view.top && top < view.bottom;
    });
    seen.frames += 1;
    run = shown ? 0 : run + 1;
    if (!shown) seen.blank += 1;
    seen.most = Math.max(seen.most, run);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

const trace = z.looseObject({ traceEvents: z.array(z.unknown()) });
const traceEvent = z.looseObject({ name: z.string(), dur: z.number().optional(), pid: z.number(), tid: z.number() });

/** Fifty deltas a second for ten seconds, by the browser's own tracing: the longest task of the page's main thread. */
async function staysFree(app: App, browser: Browser): Promise<Line> {
  return inContext(app, browser, async (page) => {
    await page.goto(`${app.url}/s/rows-${SMALL}`);
    await page.locator(`[data-row="row-${SMALL - 1}"]`).waitFor();
    await page.getByRole("textbox", { name: "Prompt" }).fill("Write a lot");
    await page.keyboard.press("Enter");
    await page.getByText("word 10 ").first().waitFor();
    await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline", "devtools.timeline"] });
    await page.getByText("word 450 ").first().waitFor();
    const { traceEvents } = trace.parse(JSON.parse((await browser.stopTracing()).toString("utf8")));
    const events = traceEvents.flatMap((event) => traceEvent.safeParse(event).data ?? []);
    const busiest = mainThread(events);
    const tasks = events.filter(({ name, pid, tid }) => name === "RunTask" && `${pid} ${tid}` === busiest);
    if (tasks.length === 0) throw new Error("The trace has no task of the page.");
    const longest = Math.max(...tasks.map(({ dur = 0 }) => dur / 1000));
    const long = tasks.filter(({ dur = 0 }) => dur > 50_000).length;
    return line("fifty deltas a second: longest task of the page", "ms", { ours: longest }, `${long} over 50 ms`);
  });
}

/** The thread that runs the page's scripts and lays it out. */
function mainThread(events: readonly z.infer<typeof traceEvent>[]): string {
  const times = new Map<string, number>();
  for (const { name, pid, tid } of events) {
    if (name === "FunctionCall" || name === "Layout") times.set(`${pid} ${tid}`, (times.get(`${pid} ${tid}`) ?? 0) + 1);
  }
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFindings } from "../testing/axe.ts";
import { DESKTOP, NO_CHROMIUM, PHONE, visit } from "../testing/browser.ts";
import { startFakeApp, typeText, type FakeApp } from "../testing/fake-app.ts";
import { hostileRows } from "../testing/hostile-session.ts";
import { longHistory, sampleRows } from "../testing/sample-session.ts";
import {
  nextFrame,
  openSession,
  scrollState,
  sendPrompt,
  shownRows,
  timesShown,
  untilLive,
  unfoldAll,
  untilStatus,
} from "../testing/transcript.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
});
afterAll(async () => app?.close());

e2e("[WB6] offline is said; a prompt written then is sent once when the network is back", async () => {
  await app.create("offline");
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await openSession(page, app.url, "offline");
  await untilLive(page);
  await context.setOffline(true);
  await page.getByText("Offline since").waitFor();
  await sendPrompt(page, "Written on the train");
  await page.getByText("Will be sent").waitFor();
  await context.setOffline(false);
  await page.locator('article[data-kind="prompt"]').getByText("Written on the train").waitFor();
  const turn = await app.agent.nextTurn();
  turn.say("offline-answer", "It arrived.");
  turn.end();
  await page.getByText("It arrived.").waitFor();
  await untilLive(page);
  await untilStatus(page, "Idle");
  expect(await timesShown(page, "Written on the train")).toBe(1);
  expect(await page.getByRole("list", { name: "Waiting prompts" }).count()).toBe(0);
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB6] after a restart of the server the page goes on by itself, with nothing lost or doubled", async () => {
  await app.create("restart");
  const { page, context } = await visit(app.browser, { link: app.link });
  await openSession(page, app.url, "restart");
  await untilLive(page);
  await sendPrompt(page, "Before the restart");
  const turn = await app.agent.nextTurn();
  turn.say("restart-1", "An answer.");
  turn.end();
  await page.getByText("An answer.").waitFor();
  await untilStatus(page, "Idle");
  await app.restart();
  await sendPrompt(page, "After the restart");
  const next = await app.agent.nextTurn();
  next.say("restart-2", "Another answer.");
  next.end();
  await page.getByText("Another answer.").waitFor();
  const kinds = (await shownRows(page)).map(({ kind }) => kind).filter((kind) => kind !== "marker");
  expect(kinds.filter((kind) => kind === "prompt")).toHaveLength(2);
  expect(kinds.filter((kind) => kind === "assistant")).toHaveLength(2);
  await context.close();
});

/** All of it where there is the least room, and the end of it where there is more. */
const HOSTILE = [
  { viewport: DESKTOP, steps: 12 },
  { viewport: PHONE, steps: 250 },
];

/** What a transcript must not have made of the page. Runs in it. */
function findings(element: HTMLElement): string[] {
  const found: string[] = [];
  if (element.scrollWidth > element.clientWidth) found.push(`it is ${element.scrollWidth} wide`);
  for (const bad of element.querySelectorAll("script, iframe, object, embed, style, link, form, article svg image")) {
    found.push(bad.outerHTML.slice(0, 200));
  }
  for (const image of element.querySelectorAll("img")) {
    if (!image.src.startsWith("data:image/png")) found.push(image.src);
  }
  for (const link of element.querySelectorAll("a")) {
    if (!/^(https?|mailto):/.test(link.getAttribute("href") ?? "")) found.push(link.outerHTML.slice(0, 200));
  }
  return found;
}

e2e("[WB7] nothing in a transcript is executed, loaded, or able to leave its row", async () => {
  await app.attach("hostile", hostileRows());
  for (const { viewport, steps } of HOSTILE) {
    const { page, context, problems } = await visit(app.browser, { link: app.link, viewport });
    await openSession(page, app.url, "hostile");
    await page.getByText("The last row").waitFor();
    const region = page.getByRole("region", { name: "Transcript" });
    // Row by row up to the first one, with everything unfolded that is on the page.
    for (let step = 0; step < steps && (await scrollState(page)).top > 0; step++) {
      await unfoldAll(page);
      expect(await region.evaluate(findings)).toEqual([]);
      await region.evaluate((element) => element.scrollBy(0, -element.clientHeight * 2.5));
      await nextFrame(page);
    }
    if (viewport === PHONE) await page.getByText("The beginning").waitFor();
    expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
    expect(problems).toEqual([]);
    await context.close();
  }
});

e2e("[WB10] a long history opens at its end with a bounded read, and scrolls back to its first row", async () => {
  await app.attach("long", longHistory(1200));
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  let bytes = 0;
  page.on("response", (response) => {
    if (!response.url().includes("/shared-state/")) return;
    response.body().then(
      (body) => (bytes += body.byteLength),
      () => undefined,
    );
  });
  await openSession(page, app.url, "long");
  await page.getByText("Row number 1199.").waitFor();
  await expect.poll(async () => (await scrollState(page)).fromEnd).toBeLessThan(60);
  expect(bytes).toBeLessThan(300_000);
  const region = page.getByRole("region", { name: "Transcript" });
  const beginning = page.getByText("The beginning");
  while (!(await beginning.isVisible())) {
    await region.evaluate((element) => element.scrollBy(0, -element.clientHeight * 4));
    await nextFrame(page);
  }
  await region.evaluate((element) => element.scrollTo(0, 0));
  await page.locator('article[data-row="row-0"]').waitFor();
  expect(await page.locator("article").count()).toBeLessThan(80);
  await page.getByRole("button", { name: "To the end" }).click();
  await page.getByText("Row number 1199.").waitFor();
  expect(problems).toEqual([]);
  await context.close();
});

e2e(
  "[WB11] a reader who scrolled back keeps the place while older rows come and new ones arrive, and sees how many",
  async () => {
    await app.attach("place", longHistory(400));
    const { page, context } = await visit(app.browser, { link: app.link });
    await openSession(page, app.url, "place");
    await page.getByText("Row number 399.").waitFor();
    const region = page.getByRole("region", { name: "Transcript" });
    // By wheel, as a reader does: while the page is still finding its end, that is what takes hold of it.
    await region.hover();
    await page.mouse.wheel(0, -1500);
    await expect.poll(async () => (await scrollState(page)).fromEnd).toBeGreaterThan(1000);
    const place = page.getByText(/^Row number 38\d\./).first();
    await place.waitFor();
    const key = await place.evaluate((element) => element.closest("article")?.getAttribute("data-row"));
    const top = async (): Promise<number> =>
      page.locator(`article[data-row="${key}"]`).evaluate((element) => Math.round(element.getBoundingClientRect().top));
    await nextFrame(page);
    const before = await top();
    await app.client.send("/coder/place", { type: "prompt", payload: { text: "A new prompt" } });
    const turn = await app.agent.nextTurn();
    turn.say("place-answer", "A new answer.");
    turn.end();
    await page.getByRole("button", { name: /\d+ new/ }).waitFor();
    expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(1);
    await page.getByRole("button", { name: /\d+ new/ }).click();
    await page.getByText("A new answer.").waitFor();
    await context.close();
  },
);

e2e("[WB12] a link to a row opens the session at that row", async () => {
  await app.attach("linked", longHistory(600));
  const batch = await app.client.readStream("/_skein/shared-state/coder-session/linked", { last: 600 });
  const index = batch.events.findIndex((event) => "key" in event && event.key === "row-77");
  const position = Number(batch.start.slice(0, 16)) + index;
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/s/linked?row=%22row-77%22&at=${position}`);
  await page.locator('article[data-row="row-77"]').waitFor();
  await expect
    .poll(async () =>
      page.locator('article[data-row="row-77"]').evaluate((e) => {
        const { top, bottom } = e.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      }),
    )
    .toBe(true);
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB13] prompts queue while a turn runs; they can be edited and cancelled, and equal ones are two", async () => {
  await app.create("queue");
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await openSession(page, app.url, "queue");
  await sendPrompt(page, "The running one");
  const running = await app.agent.nextTurn();
  await untilStatus(page, "Running");
  const waiting = page.getByRole("list", { name: "Waiting prompts" }).getByRole("listitem");
  const [same, edited] = [expect.stringContaining("Same words"), expect.stringContaining("Edited words")];
  for (const text of ["Same words", "Same words", "To be edited", "To be cancelled"]) await sendPrompt(page, text);
  await expect.poll(async () => page.locator("[data-queued]").count()).toBe(4);
  await waiting.filter({ hasText: "To be cancelled" }).getByRole("button", { name: "Cancel prompt" }).click();
  await waiting.filter({ hasText: "To be edited" }).getByRole("button", { name: "Edit prompt" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Prompt" }).fill("Edited words");
  await dialog.getByRole("button", { name: "Save" }).click();
  await waiting.filter({ hasText: "Edited words" }).waitFor();
  await expect.poll(async () => waiting.count()).toBe(3);
  await waiting.filter({ hasText: "Edited words" }).getByRole("button", { name: "Run earlier" }).click();
  await expect.poll(async () => waiting.allInnerTexts(), { timeout: 20_000 }).toEqual([same, edited, same]);
  running.end();
  const prompts: string[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const next = await app.agent.nextTurn();
    prompts.push(next.prompt);
    next.end();
  }
  expect(prompts).toEqual(["Same words", "Edited words", "Same words"]);
  await untilStatus(page, "Idle");
  await expect.poll(async () => (await shownRows(page)).filter(({ kind }) => kind === "prompt").length).toBe(4);
  expect(problems).toEqual([]);
  await context.close();
});

e2e(
  "[WB15] a draft is there after a reload, for its session only, and arrow-up brings back what was sent",
  async () => {
    await app.create("draft");
    await app.create("other-draft");
    const { page, context } = await visit(app.browser, { link: app.link });
    await openSession(page, app.url, "draft");
    const box = page.getByRole("textbox", { name: "Prompt" });
    await box.fill("Half a thou");
    await page.reload();
    await box.waitFor();
    expect(await box.inputValue()).toBe("Half a thou");
    await openSession(page, app.url, "other-draft");
    expect(await box.inputValue()).toBe("");
    await openSession(page, app.url, "draft");
    await sendPrompt(page, "First words\nin two lines");
    const turn = await app.agent.nextTurn();
    turn.end();
    await page.locator('article[data-kind="prompt"]').waitFor();
    expect(await box.inputValue()).toBe("");
    await box.press("ArrowUp");
    expect(await box.inputValue()).toBe("First words\nin two lines");
    await context.close();
  },
);

e2e("[WB20] what is being written grows in place, and the completed row replaces it", async () => {
  await app.create("grow");
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await openSession(page, app.url, "grow");
  await sendPrompt(page, "Write something");
  const turn = await app.agent.nextTurn();
  typeText(turn, "live-1", "Half of a sen");
  const answer = page.locator('article[data-kind="assistant"]');
  await answer.getByText("Half of a sen").waitFor();
  turn.row(
    "whole",
    { v: 1, type: "assistant_message", text: "Half of a sentence is not enough." },
    { liveKey: "live-1" },
  );
  await answer.getByText("Half of a sentence is not enough.").waitFor();
  expect(await answer.count()).toBe(1);
  turn.end();
  await untilStatus(page, "Idle");
  expect(await answer.count()).toBe(1);
  expect(problems).toEqual([]);
  await context.close();
});

for (const theme of ["light", "dark"] as const) {
  e2e(`[WB8] axe finds nothing on any page, ${theme}`, async () => {
    const id = `sample-${theme}`;
    await app.attach(id, sampleRows());
    const { page, context } = await visit(app.browser, { link: app.link, theme });
    await page.getByRole("list", { name: "Sessions" }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    for (const path of ["/new?how=create", "/new?how=attach", "/s/nothing-here"]) {
      await page.goto(app.url + path);
      await page.locator("input, h2").first().waitFor();
      expect(await axeFindings(page)).toEqual([]);
    }
    await openSession(page, app.url, id);
    await page.locator('article[data-kind="aborted"]').waitFor();
    for (let step = 0; step < 4; step++) {
      await unfoldAll(page);
      expect(await axeFindings(page)).toEqual([]);
      await page.getByRole("region", { name: "Transcript" }).evaluate((e) => e.scrollBy(0, -e.clientHeight));
    }
    await sendPrompt(page, "Ask me");
    const turn = await app.agent.nextTurn();
    turn.ask(`axe-${theme}`);
    await page.getByRole("button", { name: "Allow", exact: true }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    turn.end();
    await context.close();
  });
}

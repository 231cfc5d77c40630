import { afterAll, beforeAll, expect, test } from "vitest";
import { NO_CHROMIUM, PHONE, visit } from "../testing/browser.ts";
import { startFakeApp, type FakeApp } from "../testing/fake-app.ts";
import { sampleRows } from "../testing/sample-session.ts";
import { openSession, sendPrompt, shownRows, untilLive, untilStatus } from "../testing/transcript.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
});
afterAll(async () => app?.close());

e2e("[WB18] without the token the page says how to sign in, and shows nothing else", async () => {
  const context = await app.browser.newContext();
  const page = await context.newPage();
  for (const path of ["/", "/new", "/s/anything"]) {
    await page.goto(app.url + path);
    await page.getByText("You are not signed in").waitFor();
  }
  await context.close();
});

e2e("[WB5] a local session is found, attached with its whole history, and is there once", async () => {
  app.agent.files.set("0a0a-local", { cwd: app.cwd, rows: sampleRows() });
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/new?how=attach`);
  const local = page.getByRole("list", { name: "Local sessions" });
  await local.getByRole("button", { name: /0a0a-local/ }).click();
  await page.waitForURL(/\/s\//);
  await page.locator('article[data-row="abort"]').waitFor();
  await page.locator('article[data-row="p1"]').waitFor();
  const keys = (await shownRows(page)).map(({ row }) => row);
  expect(keys).toEqual([...new Set(keys)]);
  expect((await app.client.listSessions()).sessions).toHaveLength(1);

  await page.goto(`${app.url}/new?how=attach`);
  const again = local.getByRole("button", { name: /0a0a-local/ });
  await again.getByText("Attached").waitFor();
  await again.click();
  await page.waitForURL(/\/s\//);
  expect((await app.client.listSessions()).sessions).toHaveLength(1);
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB16] the list is live, and is used from the keyboard alone", async () => {
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await untilLive(page);
  await app.create("keys-a");
  await app.create("keys-b");
  const list = page.getByRole("list", { name: "Sessions" });
  await list.locator('a[href="/s/keys-a"]').waitFor();
  await list.locator('a[href="/s/keys-b"]').waitFor();
  const focused = async (): Promise<string | null> =>
    page.evaluate(() => document.activeElement?.getAttribute("href") ?? null);
  await page.keyboard.press("j");
  expect(await focused()).toBe("/s/keys-b");
  await page.keyboard.press("j");
  expect(await focused()).toBe("/s/keys-a");
  await page.keyboard.press("k");
  expect(await focused()).toBe("/s/keys-b");
  await page.keyboard.press("/");
  await page.keyboard.type("keys-nothing");
  await page.getByText("No session matches").waitFor();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("keys-a");
  await expect.poll(async () => list.getByRole("listitem").count()).toBe(1);
  await page.keyboard.press("Escape");
  expect(await list.getByRole("listitem").count()).toBe(1);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${app.url}/s/keys-a`);
  await page.goBack();
  await list.waitFor();
  await page.keyboard.press("n");
  await page.waitForURL(`${app.url}/new`);
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB17] what waits for a person stands on top of the list and is answered there", async () => {
  await app.create("needs");
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await app.client.send("/coder/needs", { type: "prompt", payload: { text: "Do something" } });
  const turn = await app.agent.nextTurn();
  turn.push({
    kind: "waiting",
    requestId: "n1",
    row: {
      key: "permission:n1",
      ts: 1,
      type: "permission_request",
      payload: {
        v: 1,
        type: "permission_request",
        requestId: "n1",
        tool: "terminal",
        input: { command: "make release" },
      },
    },
  });
  const section = page.getByRole("region", { name: "Needs you" });
  await section.getByText("make release").waitFor();
  await section.getByRole("button", { name: "Deny" }).click();
  await expect.poll(() => turn.responses.length).toBe(1);
  expect(turn.responses[0]?.response).toMatchObject({ kind: "permission", decision: "deny" });
  turn.end();
  await expect.poll(async () => section.count()).toBe(0);
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB19] a session that is not there, and one that has ended, say so; an ended one stays readable", async () => {
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/s/never-was`);
  await page.getByText("This session is not here").waitFor();
  await app.create("ended");
  await openSession(page, app.url, "ended");
  await sendPrompt(page, "Remember this");
  const turn = await app.agent.nextTurn();
  turn.end();
  await untilStatus(page, "Idle");
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "End session…" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End session" }).click();
  await page.getByText("This session has ended.").waitFor();
  expect(await page.getByRole("textbox", { name: "Prompt" }).count()).toBe(0);
  await page.reload();
  await page.getByText("This session has ended.").waitFor();
  await page.locator('article[data-kind="prompt"]').getByText("Remember this").waitFor();
  expect(problems).toEqual([]);
  await context.close();
});

e2e(
  "[WB9] on a phone list and session are screens of their own, nothing runs off sideways, buttons fit a thumb",
  async () => {
    await app.attach("phone", sampleRows());
    const { page, context, problems } = await visit(app.browser, { link: app.link, viewport: PHONE, touch: true });
    const sideways = async (): Promise<number> =>
      page.evaluate(() =>
        Math.max(
          ...[document.documentElement, ...document.querySelectorAll("main")].map((e) => e.scrollWidth - e.clientWidth),
        ),
      );
    await page.getByRole("list", { name: "Sessions" }).locator('a[href="/s/phone"]').tap();
    await page.locator('article[data-row="abort"]').waitFor();
    expect(await sideways()).toBe(0);
    expect(await page.getByRole("navigation", { name: "Sessions" }).isVisible()).toBe(false);
    for (const button of await page.locator("header button:visible, footer button:visible").all()) {
      const box = await button.boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(40);
    }
    await page.getByRole("button", { name: "All sessions" }).tap();
    await page.getByRole("list", { name: "Sessions" }).waitFor();
    for (const path of ["/", "/new?how=create", "/new?how=attach"]) {
      await page.goto(app.url + path);
      await page.locator("h1").waitFor();
      expect(await sideways()).toBe(0);
    }
    expect(problems).toEqual([]);
    await context.close();
  },
);

e2e("[WB24] the session page needs less than 250 kB of JavaScript, compressed, to be there", async () => {
  await app.create("size");
  const signedIn = await visit(app.browser, { link: app.link });
  // A browser that has seen no other page, so that it asks for everything.
  const context = await app.browser.newContext();
  await context.addCookies(await signedIn.context.cookies());
  const page = await context.newPage();
  const urls = new Set<string>();
  page.on("request", (request) => {
    if (request.url().endsWith(".js")) urls.add(request.url());
  });
  await openSession(page, app.url, "size");
  await untilLive(page);
  const { gzipSync } = await import("node:zlib");
  const sizes = [...urls].map(async (url) => gzipSync(await (await fetch(url)).arrayBuffer()).byteLength);
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(250_000);
  await context.close();
  await signedIn.context.close();
});

import { createClaudeLab, type ClaudeLab } from "@skein/coder/testing";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startApp, type App } from "../testing/app.ts";
import { NO_CHROMIUM, openBrowser, visit } from "../testing/browser.ts";
import { openSession, sendPrompt, shownRows, timesShown, untilLive, untilStatus } from "../testing/transcript.ts";

// The whole way: a real browser, the real server over SQLite, the real coder with the real Claude Code binary, and a
// scripted model. `skipIf` with the reason in the title where there is no browser.
const e2e = test.skipIf(NO_CHROMIUM !== undefined);

let lab: ClaudeLab;
let app: App;
let browser: Browser;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  lab = await createClaudeLab();
  [app, browser] = await Promise.all([
    startApp({ environment: lab.environment, claude: { credentials: "env" } }),
    openBrowser(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await app?.close();
  await lab?.close();
});

async function spawn(id: string, permissionMode: "ask" | "bypass"): Promise<void> {
  await app.client.spawn("coder", id, {
    args: { agent: "claude", cwd: lab.cwd, permissionMode },
    tags: { coderResource: `coder-session/${id}` },
  });
}

e2e("[WB1] a prompt on one page and its answer, while it is written, are on every page of the session", async () => {
  await spawn("both", "bypass");
  const first = await visit(browser, { link: app.link });
  const second = await visit(browser, { link: app.link });
  await openSession(first.page, app.url, "both");
  await openSession(second.page, app.url, "both");
  await untilLive(second.page);

  await sendPrompt(first.page, "[[say: The first half. ]] [[gate: both-half]] [[say: The second half.]]");
  for (const { page } of [first, second]) {
    await page.locator('article[data-kind="prompt"]').getByText("[[gate: both-half]]").waitFor();
    await untilStatus(page, "Running");
  }
  await lab.api.reached("both-half");
  for (const { page } of [first, second]) {
    await page.locator('article[data-kind="assistant"]').getByText("The first half.").waitFor();
  }
  lab.api.open("both-half");
  for (const { page, problems } of [first, second]) {
    await page.locator('article[data-kind="assistant"]').getByText("The second half.").waitFor();
    await page.locator('article[data-kind="turn"]').waitFor();
    await untilStatus(page, "Idle");
    const rows = await shownRows(page);
    expect(rows.filter(({ kind }) => kind === "prompt")).toHaveLength(1);
    expect(rows.map(({ row }) => row)).toEqual([...new Set(rows.map(({ row }) => row))]);
    expect(problems).toEqual([]);
  }
  await first.context.close();
  await second.context.close();
});

e2e("[WB2] a reload in the middle of a turn loses nothing and doubles nothing", async () => {
  await spawn("reload", "bypass");
  const { page, context, problems } = await visit(browser, { link: app.link });
  await openSession(page, app.url, "reload");
  await sendPrompt(
    page,
    "[[say: Before the reload.]] [[bash: echo from the shell]] [[gate: reload]] [[say: After the reload.]]",
  );
  await lab.api.reached("reload");
  await page.locator('article[data-kind="tool"]').getByText("echo from the shell").waitFor();
  await page.reload();
  await page.locator('article[data-kind="assistant"]').getByText("Before the reload.").waitFor();
  await untilStatus(page, "Running");
  lab.api.open("reload");
  await page.locator('article[data-kind="assistant"]').getByText("After the reload.").waitFor();
  await page.locator('article[data-kind="turn"]').waitFor();
  await untilStatus(page, "Idle");
  const rows = (await shownRows(page)).filter(({ kind }) => kind !== "marker");
  expect(rows.map(({ kind }) => kind)).toEqual(["prompt", "assistant", "tool", "assistant", "turn"]);
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB3] a permission asked on one page is allowed from another, and both show who decided", async () => {
  await spawn("permission", "ask");
  const asker = await visit(browser, { link: app.link });
  const other = await visit(browser, { link: app.link });
  await openSession(asker.page, app.url, "permission");
  await openSession(other.page, app.url, "permission");
  await sendPrompt(asker.page, `[[write: ${lab.cwd}/allowed.txt|some text]] [[say: It is written.]]`);
  const request = (page: typeof asker.page) => page.getByRole("region", { name: "Permission request" });
  await request(asker.page).getByText("Write allowed.txt").waitFor();
  await request(other.page).getByRole("button", { name: "Allow", exact: true }).click();
  for (const { page, problems } of [asker, other]) {
    await page.getByText("Allowed by kim: Write allowed.txt").waitFor();
    await page.locator('article[data-kind="assistant"]').getByText("It is written.").waitFor();
    expect(await request(page).count()).toBe(0);
    expect(await timesShown(page, "Allowed by kim")).toBe(1);
    expect(problems).toEqual([]);
  }
  await asker.context.close();
  await other.context.close();
});

e2e(
  "[WB4] a new session is made in a directory and opens with its first prompt; a refusal stands at its field",
  async () => {
    const { page, context, problems } = await visit(browser, { link: app.link });
    await page.goto(`${app.url}/new`);
    const directory = page.getByRole("textbox", { name: "Directory" });
    await directory.fill(`${lab.cwd}/nowhere`);
    await page.getByRole("textbox", { name: "First prompt" }).fill("[[say: Made by hand.]]");
    const before = (await app.client.listSessions()).sessions.length;
    await page.getByRole("button", { name: "Start session" }).click();
    await page.locator("#directory-note[role=alert]").waitFor();
    expect(await directory.getAttribute("aria-invalid")).toBe("true");
    expect((await app.client.listSessions()).sessions).toHaveLength(before);

    await directory.fill(lab.cwd);
    await page.getByText("Do everything").click();
    await page.getByRole("button", { name: "Start session" }).click();
    await page.waitForURL(/\/s\/[0-9a-f]+$/);
    await page.locator('article[data-kind="assistant"]').getByText("Made by hand.").waitFor();
    expect(await timesShown(page, "[[say: Made by hand.]]")).toBe(1);
    expect((await app.client.listSessions()).sessions).toHaveLength(before + 1);
    expect(problems).toEqual([]);
    await context.close();
  },
);

e2e("[WB14] Stop ends the turn and says who stopped it", async () => {
  await spawn("stop", "bypass");
  const { page, context } = await visit(browser, { link: app.link });
  await openSession(page, app.url, "stop");
  await sendPrompt(page, "[[say: Something first.]] [[hang]]");
  await page.locator('article[data-kind="assistant"]').getByText("Something first.").waitFor();
  await page.getByRole("textbox", { name: "Prompt" }).press("Escape");
  await page.locator('article[data-kind="aborted"]').getByText("Stopped").waitFor();
  await untilStatus(page, "Idle");
  expect(await timesShown(page, "Something first.")).toBe(2); // in the prompt and in the answer
  await context.close();
});

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFindings } from "../testing/axe.ts";
import { DESKTOP, NO_CHROMIUM, PHONE, visit } from "../testing/browser.ts";
import { startFakeApp, type FakeApp } from "../testing/fake-app.ts";
import { hostileRows } from "../testing/hostile-session.ts";
import { longHistory } from "../testing/sample-session.ts";
import { nextFrame, unfoldAll, untilStatus } from "../testing/transcript.ts";
import { workRows } from "../testing/work-session.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
const VIEWS = ["changes", "commands", "timeline", "usage", "forks", "info"] as const;
/** Polls look again at once when it is so; this is for a busy machine. */
const PATIENTLY = { timeout: 20_000 };
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
});
afterAll(async () => app?.close());

/** What is shown stands for the whole session. */
async function untilRead(page: Page): Promise<void> {
  await viewers(page).getByRole("tab").first().waitFor();
  await expect
    .poll(
      async () =>
        viewers(page)
          .getByText(/Reading|Scanned/)
          .count(),
      PATIENTLY,
    )
    .toBe(0);
}

const viewers = (page: Page) => page.getByRole("complementary", { name: "Viewers" });

e2e("[WB43] the viewers show the whole session, have addresses, and lead to the rows of the transcript", async () => {
  // The work stands at the beginning of a history that is much longer than what the transcript opens with.
  await app.attach("work", [...workRows(), ...longHistory(600)]);
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/s/work`);
  await page.getByText("Row number 599.").waitFor();
  await page.getByRole("button", { name: "Show the viewers" }).click();
  await page.waitForURL(/view=changes/);
  const panel = viewers(page);
  await panel.getByRole("button", { name: /basket\.ts/ }).click();
  // Floats came and went again: the net change has only the first and the last state.
  const diff = panel.getByRole("group", { name: /Changes of .*basket\.ts/ });
  await diff.getByText("items.reduce((sum, item) => sum + item.cents, 0);").waitFor();
  expect(await diff.getByText("item.price, 0").count()).toBe(0);
  await panel
    .getByRole("combobox", { name: "Turn" })
    .selectOption({ label: "1. The checkout fails when the basket is empty. Please find ou…" });
  await expect.poll(async () => panel.getByRole("listitem").count(), PATIENTLY).toBe(2);

  await panel.getByRole("tab", { name: "Commands" }).click();
  await page.waitForURL(/view=commands/);
  await panel.getByRole("checkbox", { name: "Failed only" }).check();
  await panel.getByRole("button", { name: /npm test/ }).click();
  await panel.getByText("Reduce of empty array with no initial value").waitFor();
  await panel.getByRole("button", { name: "Show in the transcript" }).click();
  // It stands in a group, far in front of what was read so far.
  await page.locator('article[data-row="w4:call"]').waitFor();

  await page.goto(`${app.url}/s/work?view=timeline`);
  await panel.getByRole("button", { name: /Release it to staging/ }).click();
  await page.locator('article[data-row="wp4"]').waitFor();
  await expect.poll(async () => inView(page, "wp4"), PATIENTLY).toBe(true);
  await page.reload();
  await panel.getByRole("button", { name: /Release it to staging/ }).waitFor();
  await page.locator('article[data-row="wp4"]').waitFor();

  await panel.getByRole("tab", { name: "Usage" }).click();
  await panel.getByText("$0.62").waitFor();
  await panel.getByRole("button", { name: "Close the viewers" }).click();
  await expect.poll(async () => panel.count(), PATIENTLY).toBe(0);
  expect(problems).toEqual([]);
  await context.close();
});

async function inView(page: Page, row: string): Promise<boolean> {
  return page.locator(`article[data-row="${row}"]`).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
}

for (const theme of ["light", "dark"] as const) {
  e2e(`[WB8][WB9] the viewers are clean for axe and fit, on a desk and on a phone, ${theme}`, async () => {
    await app.attach(`fit-${theme}`, workRows());
    for (const viewport of [DESKTOP, PHONE]) {
      const { page, context, problems } = await visit(app.browser, { link: app.link, theme, viewport });
      await page.goto(`${app.url}/s/fit-${theme}?view=changes`);
      await viewers(page).waitFor();
      for (const view of VIEWS) {
        await viewers(page)
          .getByRole("tab", { name: new RegExp(view, "i") })
          .click();
        await page.waitForURL(new RegExp(`view=${view}`));
        await untilRead(page);
        const fold = viewers(page).locator('button[aria-expanded="false"]').first();
        if ((await fold.count()) > 0) await fold.click();
        expect(await axeFindings(page)).toEqual([]);
        expect(await sideways(page)).toBe(0);
      }
      expect(problems).toEqual([]);
      await context.close();
    }
  });
}

async function sideways(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll("aside, aside [role=tabpanel]")].map(
        (element) => element.scrollWidth - element.clientWidth,
      ),
    ),
  );
}

e2e("[WB7] nothing of a hostile transcript is executed, loaded, or able to leave the viewers", async () => {
  await app.attach("hostile-views", hostileRows());
  for (const viewport of [PHONE]) {
    const { page, context, problems } = await visit(app.browser, { link: app.link, viewport });
    for (const view of VIEWS) {
      await page.goto(`${app.url}/s/hostile-views?view=${view}`);
      await viewers(page).waitFor();
      await untilRead(page);
      await viewers(page)
        .locator('button[aria-expanded="false"]')
        .evaluateAll((buttons) => {
          for (const button of buttons) if (button instanceof HTMLElement) button.click();
        });
      await untilRead(page);
      await unfoldAll(page);
      await nextFrame(page);
      expect(await sideways(page)).toBe(0);
      expect(await page.locator("aside :is(script, iframe, object, img, style, a[href^=javascript])").count()).toBe(0);
    }
    expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
    expect(problems).toEqual([]);
    await context.close();
  }
});

e2e("[WB42][WB44][WB50] a session is named, forked in front of a prompt, and compared with its fork", async () => {
  await app.attach("origin", workRows());
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/s/origin`);
  await page.getByRole("heading", { level: 1 }).getByRole("button").click();
  const name = page.getByRole("textbox", { name: "Name of this session" });
  await name.fill("The empty basket");
  await name.press("Enter");
  await page.getByRole("heading", { level: 1, name: "The empty basket" }).waitFor();
  expect((await app.client.getSession("origin")).title).toBe("The empty basket");

  const prompt = page.locator('article[data-row="wp4"]');
  await prompt.hover();
  await prompt.getByRole("button", { name: "Fork from here" }).click();
  const dialog = page.getByRole("dialog", { name: "Fork this session" });
  await dialog.getByRole("button", { name: "Fork", exact: true }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/s/") && url.pathname !== "/s/origin");
  await page.locator('article[data-row="wp3"]').waitFor();
  expect(await page.locator('article[data-row="wp4"]').count()).toBe(0);
  const box = page.getByRole("textbox", { name: "Prompt" });
  expect(await box.inputValue()).toBe("Release it to staging.");
  await box.fill("Release it to production.");
  await box.press("Enter");
  const turn = await app.agent.nextTurn();
  expect(turn.prompt).toBe("Release it to production.");
  turn.say("fork-answer", "It runs in production.");
  turn.end();
  await page.getByText("It runs in production.").waitFor();

  await page.getByRole("button", { name: "Show the viewers" }).click();
  const panel = viewers(page);
  await panel.getByRole("tab", { name: "Forks" }).click();
  const origin = panel.getByRole("list", { name: "Forks" }).getByRole("link", { name: "The empty basket" });
  await origin.waitFor();
  await panel.getByRole("button", { name: "Compare" }).click();
  const comparison = panel.getByRole("region", { name: "Comparison" });
  await comparison.getByText("3 turns in common").waitFor();
  await comparison.getByText("Release it to production.").waitFor();
  await comparison.getByText("Release it to staging.").waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await origin.click();
  await page.waitForURL(/\/s\/origin\?/);
  await prompt.waitFor();
  await panel.getByRole("list", { name: "Forks" }).getByRole("listitem").nth(1).waitFor();
  expect(problems).toEqual([]);
  await context.close();
});

e2e("[WB51][WB52] a running turn is steered, and a file goes with a prompt", async () => {
  await app.create("steered");
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/s/steered`);
  const box = page.getByRole("textbox", { name: "Prompt" });
  await box.fill("Draw a line");
  await page.locator('input[type="file"]').setInputFiles([
    { name: "line.txt", mimeType: "text/plain", buffer: Buffer.from("from here to there") },
    { name: "big.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(16 * 1024 * 1024 + 1) },
  ]);
  const files = page.getByRole("list", { name: "Files for this prompt" });
  await files.getByText("18 B").waitFor();
  await files.getByText("Larger than 16 MB").waitFor();
  // What could not be sent is not left out without a word: it has to be removed first.
  expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
  await files.getByRole("button", { name: "Remove big.bin" }).click();
  await page.getByRole("button", { name: "Send" }).click();
  const turn = await app.agent.nextTurn();
  expect(turn.attachments).toMatchObject([{ name: "line.txt", mime: "text/plain" }]);
  await page.locator('article[data-kind="prompt"]').getByText("line.txt").waitFor();
  expect(await files.count()).toBe(0);

  await page.getByRole("button", { name: "Steer" }).waitFor();
  await box.fill("A little to the left");
  await box.press("Control+Enter");
  await expect.poll(() => turn.steered, PATIENTLY).toEqual(["A little to the left"]);
  await page.locator('article[data-kind="prompt"]').getByText("A little to the left").waitFor();
  turn.end();
  await untilStatus(page, "Idle");
  await expect.poll(async () => page.getByRole("list", { name: "Waiting prompts" }).count(), PATIENTLY).toBe(0);

  expect(problems).toEqual([]);
  await context.close();
});

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFindings } from "../testing/axe.ts";
import { DESKTOP, NO_CHROMIUM, PHONE, visit } from "../testing/browser.ts";
import { startFakeApp, type FakeApp } from "../testing/fake-app.ts";
import { hostileRows } from "../testing/hostile-session.ts";
import { longHistory } from "../testing/sample-session.ts";
import { nextFrame, unfoldAll } from "../testing/transcript.ts";
import { workRows } from "../testing/work-session.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
const VIEWS = ["changes", "commands", "timeline", "usage", "forks", "info"] as const;
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
});
afterAll(async () => app?.close());

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
  await expect.poll(async () => panel.getByRole("listitem").count()).toBe(2);

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
  await expect.poll(async () => inView(page, "wp4")).toBe(true);
  await page.reload();
  await panel.getByRole("button", { name: /Release it to staging/ }).waitFor();
  await page.locator('article[data-row="wp4"]').waitFor();

  await panel.getByRole("tab", { name: "Usage" }).click();
  await panel.getByText("$0.62").waitFor();
  await panel.getByRole("button", { name: "Close the viewers" }).click();
  await expect.poll(async () => panel.count()).toBe(0);
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
        await expect.poll(async () => viewers(page).getByText("Reading").count()).toBe(0);
        await viewers(page)
          .locator('button[aria-expanded="false"]')
          .first()
          .click({ timeout: 1_000 })
          .catch(() => undefined);
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
      await expect.poll(async () => viewers(page).getByText("Reading").count()).toBe(0);
      await viewers(page)
        .locator('button[aria-expanded="false"]')
        .evaluateAll((buttons) => {
          for (const button of buttons) if (button instanceof HTMLElement) button.click();
        });
      await expect.poll(async () => viewers(page).getByText("Reading").count()).toBe(0);
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

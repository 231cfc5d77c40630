import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFindings } from "../testing/axe.ts";
import { NO_CHROMIUM, PHONE, visit } from "../testing/browser.ts";
import { startFakeApp, typeText, type FakeApp } from "../testing/fake-app.ts";
import { longHistory } from "../testing/sample-session.ts";
import { openSession, untilLive } from "../testing/transcript.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
});
afterAll(async () => app?.close());

e2e(
  "[WB48] a guest with a link reads the session live and does nothing; taken back, the link leads nowhere",
  async () => {
    await app.attach("shared", longHistory(300));
    const owner = await visit(app.browser, { link: app.link });
    await openSession(owner.page, app.url, "shared");
    await owner.page.getByRole("button", { name: "Share" }).click();
    await owner.page.getByRole("textbox", { name: "For whom" }).fill("Ada");
    await owner.page.getByRole("button", { name: "Make a link" }).click();
    const link = await owner.page.getByRole("textbox", { name: "Link" }).inputValue();
    await owner.page.getByRole("list", { name: "Links" }).getByText("Ada").waitFor();
    expect(await axeFindings(owner.page)).toEqual([]);

    // Another browser, which has never signed in.
    const guest = await visit(app.browser, { link });
    const { page } = guest;
    await page.getByText("Row number 299.").waitFor();
    await page.getByText("Shared with you, for reading").waitFor();
    await untilLive(page);
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.getByRole("textbox").count()).toBe(0);
    expect(await page.getByRole("button", { name: /Stop|Share|More|Fork/ }).count()).toBe(0);
    await page.keyboard.press("ControlOrMeta+k");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await app.client.send("/coder/shared", { type: "prompt", payload: { text: "While the guest looks on" } });
    const turn = await app.agent.nextTurn();
    await page.getByText("While the guest looks on").waitFor();
    typeText(turn, "live-text", "Being written");
    await page.getByText("Being written").waitFor();
    turn.ask("shared-ask");
    await page.getByText("Waits for an answer").waitFor();
    expect(await page.getByRole("button", { name: "Allow", exact: true }).count()).toBe(0);
    await app.client.send("/coder/shared", {
      type: "permission_response",
      payload: { requestId: "shared-ask", decision: "allow" },
    });
    turn.say("shared-answer", "All of it.");
    turn.end();
    await page.getByText("All of it.").waitFor();
    // The rest of the app does not open for them.
    await page.goto(app.url);
    await page.getByText("You are not signed in").waitFor();
    await page.goto(link);
    await page.getByText("All of it.").waitFor();

    const phone = await visit(app.browser, { link, viewport: PHONE, theme: "dark", touch: true });
    await phone.page.getByText("All of it.").waitFor();
    expect(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await axeFindings(phone.page)).toEqual([]);
    await phone.context.close();

    await owner.page.getByRole("button", { name: "Take back" }).click();
    await expect.poll(async () => owner.page.getByRole("button", { name: "Take back" }).count()).toBe(0);
    await page.reload();
    await page.getByText("This link leads nowhere any more").waitFor();
    expect(owner.problems).toEqual([]);
    expect(guest.problems).toEqual([]);
    await Promise.all([owner.context.close(), guest.context.close()]);
  },
);

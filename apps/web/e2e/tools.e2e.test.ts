import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFindings } from "../testing/axe.ts";
import { NO_CHROMIUM, PHONE, visit } from "../testing/browser.ts";
import { startFakeApp, type FakeApp } from "../testing/fake-app.ts";
import { longHistory } from "../testing/sample-session.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
  await app.create("palette-a");
  await app.attach("explored", longHistory(700));
});
afterAll(async () => app?.close());

e2e(
  "[WB45] the palette opens over any page, finds sessions and commands, and runs them from the keyboard alone",
  async () => {
    const { page, context, problems } = await visit(app.browser, { link: app.link });
    await page.getByRole("list", { name: "Sessions" }).waitFor();
    await page.keyboard.press("ControlOrMeta+k");
    const field = page.getByRole("combobox", { name: "Find a session or a command" });
    await field.waitFor();
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.type("palette-a");
    const options = page.getByRole("option");
    await expect.poll(async () => options.count()).toBe(1);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${app.url}/s/palette-a`);
    await page.keyboard.press("ControlOrMeta+k");
    await field.waitFor();
    await page.keyboard.type("theme");
    await page.keyboard.press("Enter");
    await expect.poll(async () => page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
    await page.keyboard.press("ControlOrMeta+k");
    await field.waitFor();
    await page.keyboard.type("no such thing anywhere");
    await page.getByText("Nothing is called that.").waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(async () => field.count()).toBe(0);
    await page.goto(app.url);
    await page.getByRole("list", { name: "Sessions" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Keyboard shortcuts").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await expect.poll(async () => page.getByRole("dialog").count()).toBe(0);
    expect(problems).toEqual([]);
    await context.close();
  },
);

e2e("[WB47] the explorer shows any stream live, winds back to any moment, and says what it cannot read", async () => {
  const { page, context, problems } = await visit(app.browser, { link: app.link });
  const stream = "/_skein/shared-state/coder-session/explored";
  await page.goto(`${app.url}/x${stream}`);
  const rows = page.getByRole("region", { name: "Rows" });
  await rows.getByText("coding_session_transcript").waitFor();
  const messages = page.getByRole("region", { name: "Messages of the stream" });
  await messages.getByRole("button", { name: /row-699/ }).waitFor();
  await page.getByText("At the end, live").waitFor();
  expect(await axeFindings(page)).toEqual([]);
  const transcript = rows.getByRole("heading", { name: /coding_session_transcript/ });
  const rowCount = async (): Promise<number> => Number(/(\d+) rows/.exec(await transcript.innerText())?.[1]);
  const atEnd = await rowCount();
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByText(/^Behind message/).waitFor();
  expect(await rowCount()).toBeLessThanOrEqual(atEnd);
  await page.getByRole("slider", { name: "Moment" }).focus();
  await page.keyboard.press("Home");
  await page.getByText(/^No rows/).waitFor();
  await page.getByRole("button", { name: "Older" }).click();
  await page.getByRole("button", { name: "Follow the end" }).click();
  await expect.poll(rowCount).toBeGreaterThan(atEnd);
  await messages.getByRole("button", { name: /row-699/ }).click();
  await messages.getByText('"operation": "insert"').waitFor();

  // What is said now is there now.
  await page.goto(`${app.url}/x/coder/palette-a/main`);
  await page.getByText("At the end, live").waitFor();
  await app.client.setTag("/coder/palette-a", "seen", "yes");
  await page.getByRole("region", { name: "Messages of the stream" }).getByText("tag seen").waitFor();

  await page.getByRole("textbox", { name: "Stream" }).fill("/coder/nobody");
  await page.keyboard.press("Enter");
  await page.getByText("This stream cannot be read").waitFor();
  expect(new URL(page.url()).pathname).toBe("/x/coder/nobody/main");
  await page.getByRole("textbox", { name: "Stream" }).fill("not a path");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  expect(problems).toEqual([]);
  await context.close();

  const phone = await visit(app.browser, { link: app.link, viewport: PHONE, theme: "dark", touch: true });
  await phone.page.goto(`${app.url}/x${stream}`);
  await phone.page.getByText("At the end, live").waitFor();
  expect(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await axeFindings(phone.page)).toEqual([]);
  await phone.context.close();
});

e2e(
  "[WB49] the app can be installed; a message that is pushed is shown, one for each session, and none that leads elsewhere",
  async () => {
    const { page, context, problems } = await visit(app.browser, { link: app.link });
    const manifest = await page.evaluate(async () => (await fetch("/manifest.webmanifest")).json());
    expect(manifest).toMatchObject({ name: "Skein", display: "standalone", start_url: "/" });
    for (const { src } of manifest.icons) expect((await page.request.get(app.url + src)).status()).toBe(200);

    await context.grantPermissions(["notifications"], { origin: app.url });
    await page.getByRole("button", { name: "Messages of this browser" }).click();
    await page.getByRole("dialog").getByText("Messages of this browser").waitFor();
    await page.getByRole("checkbox").first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");

    // The push service is somewhere in the internet: the browser is handed its message as if it came from there.
    const devtools = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) => {
      devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const [found] = registrations;
        if (found) resolve(found.registrationId);
      });
    });
    await devtools.send("ServiceWorker.enable");
    await page.evaluate(async () => {
      await navigator.serviceWorker.register("/sw.js");
      await navigator.serviceWorker.ready;
    });
    const registrationId = await registered;
    const push = (message: unknown) =>
      devtools.send("ServiceWorker.deliverPushMessage", {
        origin: app.url,
        registrationId,
        data: JSON.stringify(message),
      });
    const shown = (): Promise<string[]> =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        return (await registration.getNotifications()).map(({ title, body, data }) => `${title}: ${body} ${data.url}`);
      });
    await push({ title: "Elsewhere", body: "x", url: "https://elsewhere.test/s/a", tag: "1" });
    await push({ title: "Fix the login", body: "Run ls?", url: "/s/palette-a", tag: "palette-a" });
    await expect.poll(shown).toEqual(["Fix the login: Run ls? /s/palette-a"]);
    await push({ title: "Fix the login", body: "Run pwd?", url: "/s/palette-a", tag: "palette-a" });
    await expect.poll(shown).toEqual(["Fix the login: Run pwd? /s/palette-a"]);
    expect(problems).toEqual([]);
    await context.close();
  },
);

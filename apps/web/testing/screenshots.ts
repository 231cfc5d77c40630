import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { DESKTOP, PHONE, visit } from "./browser.ts";
import { startFakeApp, typeText, type FakeApp } from "./fake-app.ts";
import { row, sampleRows } from "./sample-session.ts";
import { workRows } from "./work-session.ts";

const WIDE = { width: 1440, height: 900 };

// `npm run screenshots -w @skein/web`: the pictures of the guide, from the running product.
const folder = fileURLToPath(new URL("../../../docs/guide/images/", import.meta.url));

const app = await startFakeApp();
try {
  await mkdir(folder, { recursive: true });
  await fill(app);
  await shoot("sessions", "/", {});
  await shoot("sessions-dark", "/", { theme: "dark" });
  await shoot("session", "/s/basket", {}, readCode);
  await shoot("session-dark", "/s/basket", { theme: "dark" }, readCode);
  await shoot("viewer-changes", "/s/shop?view=changes", { wide: true }, unfoldChange);
  await shoot("viewer-timeline", "/s/shop?view=timeline", { wide: true, theme: "dark" }, turnsShown);
  await shoot("viewer-usage", "/s/shop?view=usage", { wide: true }, async (page) =>
    page.getByText("$0.62").last().waitFor(),
  );
  await shoot("viewer-phone", "/s/shop?view=timeline", { phone: true }, turnsShown);
  await shoot("permission", "/s/release", { theme: "light" });
  await shoot("new-session", "/new?how=create", {});
  await shoot("sessions-phone", "/", { phone: true });
  await shoot("session-phone", "/s/release", { phone: true });
} finally {
  await app.close();
}

interface Shot {
  readonly wide?: boolean;
  readonly theme?: "light" | "dark";
  readonly phone?: boolean;
}

async function shoot(
  name: string,
  path: string,
  { theme = "light", phone = false, wide = false }: Shot,
  prepare?: (page: Page) => Promise<void>,
) {
  const { page, context } = await visit(app.browser, {
    link: app.link,
    theme,
    viewport: phone ? PHONE : wide ? WIDE : DESKTOP,
    touch: phone,
  });
  await page.goto(app.url + path);
  // On a phone the viewers cover the session.
  await page.locator('[data-connection="live"]').first().waitFor({ state: "attached" });
  await page
    .locator(path.startsWith("/s/") ? "article" : "h1")
    .first()
    .waitFor({ state: "attached" });
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  // What is read afterwards says so.
  await page.waitForFunction(() => document.querySelectorAll("[aria-busy=true], [role=status] progress").length === 0);
  await prepare?.(page);
  await page.screenshot({ path: `${folder}${name}.png`, animations: "disabled" });
  await context.close();
}

async function turnsShown(page: Page): Promise<void> {
  await page.getByRole("button", { name: /Release it to staging/ }).waitFor();
}

async function unfoldChange(page: Page): Promise<void> {
  const viewers = page.getByRole("complementary", { name: "Viewers" });
  await viewers.getByRole("button", { name: /basket\.ts/ }).click();
  await viewers.getByText("In the transcript").waitFor();
  await coloured(page);
}

/** Colours come when the grammar is there. */
async function coloured(page: Page): Promise<void> {
  await page.locator("[class*=_keyword_]").first().waitFor();
}

async function readCode(page: Page): Promise<void> {
  await page.locator('article[data-row="c1:call"] button').first().click();
  await page.locator('article[data-row="c1:call"]').evaluate((element) => element.scrollIntoView({ block: "center" }));
  await coloured(page);
}

async function fill({ agent, attach, create, client }: FakeApp): Promise<void> {
  const titles: readonly (readonly [string, string, string])[] = [
    ["docs", "Bring the guide up to date with 2.0", "All links work again, and the examples run in CI."],
    ["flaky", "Find out why the login test is flaky", "It waits for a timer; I made it wait for the event."],
  ];
  for (const [id, prompt, answer] of titles) {
    await attach(id, [
      row(`${id}-p`, { v: 1, type: "user_message", text: prompt }),
      row(`${id}-a`, { v: 1, type: "assistant_message", text: answer }),
    ]);
  }
  await attach(
    "basket",
    sampleRows().filter(({ key }) => !["unk", "err", "abort", "p2"].includes(key)),
  );
  await attach("shop", workRows());
  await create("migrate");
  await client.send("/coder/migrate", { type: "prompt", payload: { text: "Move the job queue to PostgreSQL" } });
  const moving = await agent.nextTurn();
  moving.say("migrate-1", "I start with the schema, then the worker.");
  typeText(moving, "migrate-live", "The table needs an index on the due time, because");
  await create("release");
  await client.send("/coder/release", { type: "prompt", payload: { text: "Release 2.0 to the staging cluster" } });
  const releasing = await agent.nextTurn();
  releasing.say("release-1", "The tests pass and the version is set. The last step is to deploy it.");
  releasing.push({
    kind: "waiting",
    requestId: "deploy",
    row: {
      key: "permission:deploy",
      ts: Date.now(),
      type: "permission_request",
      payload: {
        v: 1,
        type: "permission_request",
        requestId: "deploy",
        tool: "terminal",
        reason: "Deploy the release to staging",
        input: { command: "kubectl --context staging apply -f deploy/ && kubectl rollout status deploy/shop" },
      },
    },
  });
}

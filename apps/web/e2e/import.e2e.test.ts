import { createHash } from "node:crypto";
import type { NativeTranscriptRow, TranscriptEvent } from "@skein/sessions";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NO_CHROMIUM, visit } from "../testing/browser.ts";
import { startFakeApp, type FakeApp } from "../testing/fake-app.ts";
import { openSession, untilLive } from "../testing/transcript.ts";

const e2e = test.skipIf(NO_CHROMIUM !== undefined);
let app: FakeApp;

beforeAll(async () => {
  if (NO_CHROMIUM !== undefined) return console.warn(`Browser tests are skipped: ${NO_CHROMIUM}`);
  app = await startFakeApp();
});
afterAll(async () => app?.close());

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
const blobOf = (bytes: Uint8Array, mime: string) => {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { sha256, size: bytes.length, mime, bytes };
};
const row = (key: string, payload: TranscriptEvent): NativeTranscriptRow => ({
  key,
  ts: 1,
  type: payload.type,
  payload,
});

e2e(
  "[WB28] the whole of a large output comes when it is asked for, a picture when it is seen, and nothing but a blob",
  async () => {
    await app.create("large");
    const { page, context, problems } = await visit(app.browser, { link: app.link });
    const asked: string[] = [];
    page.on("request", (request) => void asked.push(new URL(request.url()).pathname));
    await openSession(page, app.url, "large");
    await untilLive(page);
    await app.client.send("/coder/large", { type: "prompt", payload: { text: "go" } });
    const turn = await app.agent.nextTurn();
    const large = blobOf(
      new TextEncoder().encode(`${"line\n".repeat(40)}the middle of it\n${"line\n".repeat(40)}`),
      "text/plain",
    );
    const picture = blobOf(PNG, "image/png");
    for (const blob of [large, picture]) turn.push({ kind: "blob", blob });
    const { bytes: _, ...named } = large;
    const input = { command: "make noise" };
    const call = {
      v: 1,
      type: "tool_call",
      tool: "terminal",
      originalTool: "Bash",
      originalAgent: "claude",
      input,
    } as const;
    turn.push({ kind: "row", row: { ...row("c", { ...call, callId: "c" }), callId: "c" } });
    const result = { v: 1, type: "tool_result", callId: "c", output: "the ends", isError: false, blob: named } as const;
    turn.push({ kind: "row", row: { ...row("r", result), callId: "c" } });
    const shown = { sha256: picture.sha256, size: picture.size };
    const wrong = { sha256: "../../../../coder/large", size: 1 };
    turn.push({
      kind: "row",
      row: row("p", {
        v: 1,
        type: "user_message",
        text: "see",
        attachments: [
          { kind: "image", mime: "image/png", name: "shot", blob: shown },
          { kind: "image", mime: "image/png", name: "trap", blob: wrong },
        ],
      }),
    });
    turn.end();
    const image = page.getByRole("img", { name: "shot" });
    await image.waitFor();
    expect(await image.evaluate((element) => element instanceof HTMLImageElement && element.naturalWidth)).toBe(1);
    await page.getByText(/trap \(1 B\) is not here/).waitFor();
    await page.getByRole("button", { name: /make noise/ }).click();
    await page.getByText("the ends").waitFor();
    expect(await page.getByText("the middle of it").count()).toBe(0);
    await page.getByRole("button", { name: /^Show all/ }).click();
    await page.getByRole("link", { name: /^Save all/ }).waitFor();
    await page.getByRole("button", { name: /more line/ }).click();
    await page.getByText("the middle of it").waitFor();
    const blobs = asked.filter((path) => path.includes("/blobs/"));
    expect(blobs.every((path) => /\/coder-session\/large\/blobs\/[0-9a-f]{64}$/.test(path))).toBe(true);
    expect(blobs).toHaveLength(2);
    expect(asked).not.toContain("/_skein/coder/large");
    expect(problems).toEqual([]);
    await context.close();
  },
);

e2e("[WB29] a session is imported from the list of local ones, and what is lost is said before", async () => {
  app.agent.files.set("0b0b-local", {
    cwd: "/nowhere/at/all",
    rows: [row("p1", { v: 1, type: "user_message", text: "From before" })],
  });
  const { page, context } = await visit(app.browser, { link: app.link });
  await page.goto(`${app.url}/new?how=import`);
  await page.getByText("thoughts are left out").waitFor();
  await page
    .getByRole("list", { name: "Local sessions" })
    .getByRole("button", { name: /0b0b-local/ })
    .click();
  // Where it would work is not there any more: the refusal is said, and nothing was made.
  await page.getByRole("alert").getByText("/nowhere/at/all").waitFor();
  expect((await app.client.listSessions()).sessions.filter(({ id }) => id !== "large")).toEqual([]);
  await context.close();
});

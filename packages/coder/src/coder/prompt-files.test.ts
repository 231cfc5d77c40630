import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { sessionBlob } from "@skein/sessions";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

let lab: CoderLab;
afterEach(() => lab.close());

async function upload(session: string, content: string): Promise<string> {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const { url, token } = lab.server;
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/plain" };
  const request = new Request(url + sessionBlob(session, sha256), { method: "PUT", body: content, headers });
  expect((await lab.server.fetch(request)).status).toBeLessThan(300);
  return sha256;
}

test("[CD43] a prompt names files that were uploaded before: the agent gets them, and its row refers to them", async () => {
  lab = await createCoderLab();
  const runner = await lab.startRunner();
  const view = await lab.spawn("s1");
  await view.until("the session", () => view.info() !== undefined);
  const sha256 = await upload("s1", "what it says");
  await view.send("prompt", { text: "read", attachments: [{ sha256, mime: "text/plain", name: "note.txt" }] });
  const turn = await lab.agent.nextTurn();
  const [file] = turn.attachments;
  expect(file).toMatchObject({ name: "note.txt", mime: "text/plain" });
  const path = file?.path ?? "";
  expect(await readFile(path, "utf8")).toBe("what it says");
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(path.startsWith(lab.cwd)).toBe(false);
  turn.end();
  await view.idle(1);
  expect(view.rows.find(({ type }) => type === "user_message")?.payload).toEqual({
    v: 1,
    type: "user_message",
    text: "read",
    attachments: [
      { kind: "file", mime: "text/plain", name: "note.txt", size: 12, blob: { sha256, size: 12, mime: "text/plain" } },
    ],
  });
  await runner.stop();
  await expect(stat(path)).rejects.toThrow(/ENOENT/);
});

test("[CD43] a file that was not uploaded fails the turn that names it, before the agent gets the prompt", async () => {
  lab = await createCoderLab();
  await lab.startRunner();
  const view = await lab.spawn("s1");
  const attachments = [{ sha256: "0".repeat(64), mime: "image/png", name: "gone.png" }];
  await view.send("prompt", { text: "read", attachments });
  await view.idle(1);
  expect(view.status()?.error).toMatchObject({ code: "not_found", message: expect.stringContaining("gone.png") });
  expect(lab.agent.turns()).toBe(0);
  await view.prompt("and now?");
  (await lab.agent.nextTurn()).end();
  await view.idle(2);
});

test("[CD43] names with folders in them, other hashes and too many files are refused", async () => {
  lab = await createCoderLab();
  await lab.startRunner();
  const view = await lab.spawn("s1");
  const file = { sha256: "0".repeat(64), mime: "text/plain" };
  for (const attachments of [
    [{ ...file, name: "../x" }],
    [{ ...file, name: ".." }],
    [{ ...file, name: "a\nb" }],
    [{ ...file, sha256: "../../x" }],
    [{ ...file, mime: "text" }],
    Array.from({ length: 21 }, () => file),
  ]) {
    await expect(view.send("prompt", { text: "x", attachments })).rejects.toMatchObject({
      code: "schema_validation_failed",
    });
  }
});

import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isChangeEvent } from "@skein/runtime/client";
import { sessionBlob } from "@skein/sessions";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/cli-process.ts";
import { runInProcess } from "../testing/run-in-process.ts";
import { startScriptedServer } from "../testing/scripted-server.ts";
import { mimeOf } from "./attach-files.ts";

test("[CL64] send --attach sends files along with a prompt, which names them by their hash", async () => {
  const { home, url, token, client } = await startScriptedServer();
  await client.spawn("coder", "c1", { args: { agent: "claude", cwd: home } });
  const folder = await tempFolder();
  const [note, picture] = [join(folder, "note.md"), join(folder, "a.png")];
  await writeFile(note, "# Note");
  await writeFile(picture, Uint8Array.of(0x89, 0x50, 0x4e, 0x47));
  // The session is there with the coder's first wake.
  await expect.poll(() => client.getSession("c1").catch(() => undefined), { timeout: 20_000 }).toBeDefined();
  const sent = await runInProcess(["send", "c1", "look", "--attach", note, "--attach", picture, "--home", home]);
  expect([sent.code, sent.stderr]).toEqual([0, ""]);
  const sha256 = createHash("sha256").update("# Note").digest("hex");
  const stop = new AbortController();
  for await (const { events } of client.followStream({ path: "/coder/c1/main", signal: stop.signal })) {
    const message = events.find((event) => isChangeEvent(event) && event.type === "inbox");
    if (message === undefined) continue;
    expect(message).toMatchObject({
      value: {
        payload: {
          text: "look",
          attachments: [
            { sha256, mime: "text/markdown", name: "note.md" },
            { mime: "image/png", name: "a.png" },
          ],
        },
      },
    });
    stop.abort();
  }
  const kept = await fetch(url + sessionBlob("c1", sha256), { headers: { authorization: `Bearer ${token}` } });
  expect(await kept.text()).toBe("# Note");
  const wrong = await runInProcess(["send", "c1", "look", "--attach", join(folder, "none"), "--home", home]);
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr).toContain("cannot be read");
});

test("[CL64] a file's type follows from its name", () => {
  expect(["a.PNG", "b.ts", "c", "d.pdf"].map(mimeOf)).toEqual([
    "image/png",
    "text/plain",
    "application/octet-stream",
    "application/pdf",
  ]);
});

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isChangeEvent } from "@skein/runtime/client";
import type { Client } from "@skein/runtime/client";
import { nativeRecord, SESSION_FILE, sessionStreams } from "@skein/sessions";
import { openNativeStage } from "@skein/sessions/node";

/** The session's own file as its native stream has it. */
export async function nativeText(client: Client, sessionId: string): Promise<string> {
  return (await nativeFiles(client, sessionId))[SESSION_FILE] ?? "";
}

/** All files of a session as its native stream has them, by their names there. */
export async function nativeFiles(client: Client, sessionId: string): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "skein-native-test-"));
  const stage = await openNativeStage(folder);
  try {
    for (let from = "-1", done = false; !done;) {
      const batch = await client.readStream(sessionStreams(sessionId).native, { from });
      await stage.apply(batch.events.filter(isChangeEvent).map(({ value }) => nativeRecord.parse(value)));
      [from, done] = [batch.offset, batch.upToDate];
    }
    const path = stage.path();
    if (path === undefined) return {};
    const others = join(dirname(path), "session/subagents");
    const names = await readdir(others).catch(() => []);
    const files = names.map(async (name) => [`subagents/${name}`, await readFile(join(others, name), "utf8")] as const);
    return { [SESSION_FILE]: await readFile(path, "utf8"), ...Object.fromEntries(await Promise.all(files)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

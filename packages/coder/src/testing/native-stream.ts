import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isChangeEvent } from "@skein/runtime/client";
import type { Client } from "@skein/runtime/client";
import { nativeRecord, sessionStreams } from "@skein/sessions";
import { openNativeStage } from "@skein/sessions/node";

/** The session's own file as its native stream has it. */
export async function nativeText(client: Client, sessionId: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "skein-native-test-"));
  const stage = await openNativeStage(folder);
  try {
    for (let from = "-1", done = false; !done;) {
      const batch = await client.readStream(sessionStreams(sessionId).native, { from });
      await stage.apply(batch.events.filter(isChangeEvent).map(({ value }) => nativeRecord.parse(value)));
      [from, done] = [batch.offset, batch.upToDate];
    }
    const path = stage.path();
    return path === undefined ? "" : await readFile(path, "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

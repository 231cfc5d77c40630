import { stat } from "node:fs/promises";
import { discoverClaudeSessions, findClaudeSession, loadClaudeSession } from "@skein/sessions/node";
import type { NativeTranscriptRow } from "@skein/sessions";
import type { NativeSessions } from "../adapter.ts";

/** Its folder is in a session's first records, if it is there at all. */
const ROWS_BEFORE_CWD = 100;
const BATCH_ROWS = 200;
const BATCH_BYTES = 512 * 1024;

/** Claude Code's sessions in its configuration folder. */
export function claudeSessions(configDir: string): NativeSessions {
  return {
    async find(id) {
      const path = await findClaudeSession({ configDir, id });
      const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
      if (path === undefined || found === undefined) return undefined;
      return { id, path, updatedAt: found.mtimeMs, sizeBytes: found.size };
    },
    async cwdOf({ path }) {
      let seen = 0;
      for await (const { payload } of loadClaudeSession({ path })) {
        if (payload.type === "session_init") return payload.cwd;
        if ((seen += 1) >= ROWS_BEFORE_CWD) return undefined;
      }
      return undefined;
    },
    async list({ search, limit }) {
      const { sessions, skipped } = await discoverClaudeSessions({
        configDir,
        ...(search === undefined ? {} : { search }),
        ...(limit === undefined ? {} : { limit }),
      });
      return { sessions: [...sessions], skipped: skipped.length };
    },
    load: ({ path }, signal) => inBatches(loadClaudeSession({ path, signal })),
  };
}

/** So many rows as fit in one commit. */
export async function* inBatches(
  rows: AsyncIterable<NativeTranscriptRow>,
): AsyncGenerator<readonly NativeTranscriptRow[]> {
  let batch: NativeTranscriptRow[] = [];
  let bytes = 0;
  for await (const row of rows) {
    batch.push(row);
    bytes += JSON.stringify(row).length;
    if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

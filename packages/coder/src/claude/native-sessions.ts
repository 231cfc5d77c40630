import { stat } from "node:fs/promises";
import { discoverClaudeSessions, findClaudeSession, loadClaudeSession, readClaudeSession } from "@skein/sessions/node";
import type { NativeSessions } from "../adapter.ts";
import { inBatches } from "../native-batches.ts";

/** Its folder is in a session's first records, if it is there at all. */
const ROWS_BEFORE_CWD = 100;

/** Claude Code's sessions in its configuration folder. */
export function claudeSessions(configDir: string): NativeSessions {
  return {
    async find(id) {
      const path = await findClaudeSession({ configDir, id });
      // Gone since it was found: there is no such session.
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
    load: ({ path }, signal, options) =>
      inBatches(readClaudeSession({ path, signal, growing: options?.growing ?? false }), options),
  };
}

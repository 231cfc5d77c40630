import { stat } from "node:fs/promises";
import { discoverCodexSessions, findCodexSession, loadCodexSession, readCodexSession } from "@skein/sessions/node";
import type { NativeSessions } from "../adapter.ts";
import { inBatches } from "../native-batches.ts";

/** Its folder is in a session's first row. */
const ROWS_BEFORE_CWD = 100;

/** Codex's sessions in its home folder. */
export function codexSessions(codexHome: string): NativeSessions {
  return {
    async find(id) {
      const path = await findCodexSession({ codexHome, id });
      // Gone since it was found: there is no such session.
      const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
      if (path === undefined || found === undefined) return undefined;
      return { id, path, updatedAt: found.mtimeMs, sizeBytes: found.size };
    },
    async cwdOf({ path }) {
      let seen = 0;
      for await (const { payload } of loadCodexSession({ path })) {
        if (payload.type === "session_init") return payload.cwd;
        if ((seen += 1) >= ROWS_BEFORE_CWD) return undefined;
      }
      return undefined;
    },
    async list({ search, limit }) {
      const { sessions, skipped } = await discoverCodexSessions({
        codexHome,
        ...(search === undefined ? {} : { search }),
        ...(limit === undefined ? {} : { limit }),
      });
      return { sessions: [...sessions], skipped: skipped.length };
    },
    load: ({ path }, signal, options) =>
      inBatches(readCodexSession({ path, signal, growing: options?.growing ?? false }), options),
  };
}

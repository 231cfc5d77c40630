import { denormaliseClaude } from "@skein/sessions";
import { copyClaudeSession, writeClaudeSession } from "@skein/sessions/node";
import type { NativeImporter } from "../adapter.ts";

/** Brings sessions into Claude Code's configuration folder. */
export function claudeImporter(configDir: string): NativeImporter {
  return {
    async copy({ path }, { id, cwd, signal }) {
      await copyClaudeSession({ configDir, id, cwd, path, signal });
    },
    async write(rows, { id, cwd, title, bytesOf }) {
      const titled = title === undefined ? {} : { title };
      const { records, kept, dropped } = denormaliseClaude(rows, { sessionId: id, cwd, bytesOf, ...titled });
      await writeClaudeSession({ configDir, id, cwd, records });
      return { kept, dropped, lines: records.length };
    },
  };
}

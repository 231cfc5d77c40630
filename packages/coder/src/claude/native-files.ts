import { createClaudeNormaliser } from "@skein/sessions";
import { claudeNativeFiles, copyClaudeSession } from "@skein/sessions/node";
import type { NativeFiles } from "../adapter.ts";

/** Claude Code's session files in its configuration folder. */
export function claudeNative(configDir: string): NativeFiles {
  return {
    list: ({ path }) => claudeNativeFiles(path),
    createNormaliser: () => createClaudeNormaliser(),
    async place({ path }, { id, cwd, signal }) {
      return (await copyClaudeSession({ configDir, id, cwd, path, signal })).path;
    },
    // Measured: what was streamed is in the file within 200 ms.
    lagMs: 250,
  };
}

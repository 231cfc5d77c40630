import { createCodexNormaliser } from "@skein/sessions";
import { codexNativeFiles, copyCodexSession } from "@skein/sessions/node";
import type { NativeFiles } from "../adapter.ts";

/** Codex's rollouts in its home folder. */
export function codexNative(codexHome: string): NativeFiles {
  return {
    list: ({ path }) => codexNativeFiles(path),
    createNormaliser: () => createCodexNormaliser(),
    async place({ path, threads }, { id, createdAt, signal }) {
      // Under their own ids, and only where they are not: the session names them.
      for (const thread of threads) await copyCodexSession({ codexHome, createdAt, signal, ...thread });
      return (await copyCodexSession({ codexHome, id, createdAt, path, signal })).path;
    },
    // The driver waits for the line that ends the turn; counts follow it.
    lagMs: 100,
  };
}

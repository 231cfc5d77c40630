import { denormaliseCodex } from "@skein/sessions";
import { copyCodexSession, writeCodexSession } from "@skein/sessions/node";
import type { NativeImporter } from "../adapter.ts";

/** Brings sessions into Codex's home folder. `modelProvider`: in whose name its threads go on. */
export function codexImporter({
  codexHome,
  modelProvider,
}: {
  readonly codexHome: string;
  readonly modelProvider: string;
}): NativeImporter {
  return {
    async copy({ path }, { id, createdAt, signal }) {
      await copyCodexSession({ codexHome, id, createdAt, path, signal });
    },
    async write(rows, { id, cwd, createdAt, bytesOf }) {
      const { records, kept, dropped } = denormaliseCodex(rows, {
        sessionId: id,
        cwd,
        createdAt,
        modelProvider,
        bytesOf,
      });
      await writeCodexSession({ codexHome, id, createdAt, records });
      return { kept, dropped, lines: records.length };
    },
  };
}

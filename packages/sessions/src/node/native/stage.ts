import type { FileHandle } from "node:fs/promises";
import { mkdir, mkdtemp, open, readdir, rm, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isNativeFileName, type NativeRecord, SESSION_FILE } from "../../native-records.ts";

/**
 * A session's files while they are made from its native stream, in a folder of nobody else's. The session's own is
 * `{folder}/session.jsonl` and has the others beside it, as Claude Code keeps them.
 */
export interface NativeStage {
  /** Applies records in the order of the log. */
  apply(records: Iterable<NativeRecord>): Promise<void>;
  /** Of the session's own file; `undefined` when the stream has none. */
  path(): string | undefined;
  /** Other threads, by their ids. */
  threads(): readonly { readonly id: string; readonly path: string }[];
  /** Ends the session's file here. */
  cut(offset: number): Promise<void>;
  remove(): Promise<void>;
}

export async function openNativeStage(parent: string): Promise<NativeStage> {
  const folder = await mkdtemp(join(parent, "skein-native-"));
  const made = new Set<string>();
  const pathOf = (file: string): string => {
    if (!isNativeFileName(file)) throw new Error(`“${file}” is no file of a session.`);
    return join(
      folder,
      file === SESSION_FILE ? "session.jsonl" : file.startsWith("subagents/") ? join("session", file) : file,
    );
  };
  async function write(record: Extract<NativeRecord, { kind: "bytes" }>): Promise<void> {
    const path = pathOf(record.file);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, made.has(record.file) ? "r+" : "w", 0o600);
    made.add(record.file);
    try {
      await writeAll(handle, bytesIn(record), record.offset);
    } finally {
      await handle.close();
    }
  }
  return {
    async apply(records) {
      for (const record of records) {
        switch (record.kind) {
          case "bytes":
            await write(record);
            break;
          case "cut":
            if (made.has(record.file)) await truncate(pathOf(record.file), record.offset);
            break;
          case "begin":
            for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
            made.clear();
        }
      }
    },
    path: () => (made.has(SESSION_FILE) ? pathOf(SESSION_FILE) : undefined),
    threads: () =>
      [...made].flatMap((file) => {
        const id = /^threads\/(.+)\.jsonl$/.exec(file)?.[1];
        return id === undefined ? [] : [{ id, path: pathOf(file) }];
      }),
    cut: (offset) => truncate(pathOf(SESSION_FILE), offset),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function bytesIn({
  text,
  base64,
}: {
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
}): Buffer {
  return base64 === undefined ? Buffer.from(text ?? "", "utf8") : Buffer.from(base64, "base64");
}

async function writeAll(handle: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

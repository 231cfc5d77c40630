import { randomUUID } from "node:crypto";
import { link, mkdir, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";

export type Written =
  | { readonly kind: "written"; readonly path: string }
  /** Something is there already; it was left as it is. */
  | { readonly kind: "exists"; readonly path: string };

/**
 * Makes a file of its owner's: whole and synced, or not at all, and never in the place of another. An agent that looks
 * into the folder meanwhile sees nothing of it.
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array | string> | Iterable<string>,
): Promise<Written> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.${randomUUID()}.part`;
  const handle = await open(part, "wx", 0o600);
  try {
    try {
      for await (const chunk of chunks) await handle.appendFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(part, path);
    return { kind: "written", path };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return { kind: "exists", path };
    throw error;
  } finally {
    await unlink(part);
  }
}

/** Records as lines, some at a time. */
export function* linesOfRecords(records: readonly object[]): Generator<string> {
  for (let at = 0; at < records.length; at += 100) {
    yield records
      .slice(at, at + 100)
      .map((record) => `${JSON.stringify(record)}\n`)
      .join("");
  }
}

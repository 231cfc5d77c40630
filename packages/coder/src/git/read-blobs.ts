import type { Git } from "./git.ts";
import { GitFailed } from "./git.ts";
import { GitRefused } from "./refusal.ts";

/** Refuses when an object is not there: asked before anything is changed. */
export async function checkBlobs(git: Git, top: string, oids: readonly string[]): Promise<void> {
  if (oids.length === 0) return;
  const input = oids.map((oid) => `${oid}\n`).join("");
  const told = await git.run(top, ["cat-file", "--batch-check=%(objecttype)"], { input });
  const types = told.split("\n").slice(0, -1);
  const missing = types.findIndex((type) => type !== "blob");
  if (types.length === oids.length && missing < 0) return;
  throw new GitRefused("no_checkpoint", "The repository has lost what this checkpoint refers to.");
}

/** The bytes of each object, in the order asked for. */
export async function* readBlobs(git: Git, top: string, oids: readonly string[]): AsyncGenerator<Buffer, void> {
  if (oids.length === 0) return;
  let waiting: Buffer = Buffer.alloc(0);
  let wanted = 0;
  const parts: Buffer[] = [];
  let size: number | undefined;
  const input = oids.map((oid) => `${oid}\n`).join("");
  for await (const part of git.stream(top, ["cat-file", "--batch"], { input })) {
    waiting = waiting.length === 0 ? part : Buffer.concat([waiting, part]);
    for (;;) {
      if (size === undefined) {
        const end = waiting.indexOf(0x0a);
        if (end < 0) break;
        size = sizeIn(waiting.subarray(0, end).toString("latin1"));
        wanted = size;
        waiting = waiting.subarray(end + 1);
      }
      const taken = waiting.subarray(0, wanted);
      if (taken.length > 0) parts.push(taken);
      wanted -= taken.length;
      waiting = waiting.subarray(taken.length);
      // A line feed ends each.
      if (wanted > 0 || waiting.length === 0) break;
      waiting = waiting.subarray(1);
      yield Buffer.concat(parts.splice(0), size);
      size = undefined;
    }
  }
}

function sizeIn(header: string): number {
  const size = /^[0-9a-f]+ blob (\d+)$/.exec(header)?.[1];
  if (size === undefined) throw new GitFailed("cat-file", undefined, header);
  return Number(size);
}

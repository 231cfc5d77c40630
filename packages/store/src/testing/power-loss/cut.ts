import { type Effect, FOLDER } from "./record.ts";

const SECTOR = 512;

/**
 * What a disk may hold when the power fails after the first `at` effects. What a completed sync of its file covers is
 * there; of everything later each piece is there, lost, or torn by sectors, as chance has it.
 */
export function cutAt(
  effects: readonly Effect[],
  at: number,
  random: () => number,
): { files: ReadonlyMap<string, Buffer>; acknowledged: number } {
  const synced = new Map<string, number>();
  let acknowledged = -1;
  for (const [index, effect] of effects.slice(0, at).entries())
    if (effect.kind === "sync") synced.set(effect.file, index);
    else if (effect.kind === "acknowledged") acknowledged = effect.seq;
  const files = new Map<string, Buffer>();
  for (const [index, effect] of effects.slice(0, at).entries()) {
    if (effect.kind === "sync" || effect.kind === "acknowledged") continue;
    // That a file is gone stands in its folder, and is certain when that was synced.
    const certain = index < (synced.get(effect.kind === "unlink" ? FOLDER : effect.file) ?? -1);
    apply(files, effect, certain ? () => true : chance(random));
  }
  return { files, acknowledged };
}

/** For one effect: all of it, nothing, or each sector by itself. */
function chance(random: () => number): () => boolean {
  const fate = random();
  if (fate < 1 / 3) return () => false;
  return fate < 2 / 3 ? () => true : () => random() < 0.5;
}

function apply(
  files: Map<string, Buffer>,
  effect: Extract<Effect, { kind: "write" | "truncate" | "unlink" }>,
  happens: () => boolean,
): void {
  const before = files.get(effect.file) ?? Buffer.alloc(0);
  switch (effect.kind) {
    case "unlink":
      if (happens()) files.delete(effect.file);
      return;
    case "truncate":
      if (happens()) files.set(effect.file, resized(before, effect.size).subarray(0, effect.size));
      return;
    case "write": {
      const { offset, data } = effect;
      let after = before;
      for (let from = 0; from < data.length; from += SECTOR) {
        const piece = data.subarray(from, from + SECTOR);
        if (!happens()) continue;
        after = resized(after, offset + from + piece.length);
        piece.copy(after, offset + from);
      }
      files.set(effect.file, after);
    }
  }
}

/** At least so long; what was never written is zero. */
function resized(bytes: Buffer, size: number): Buffer {
  if (bytes.length >= size) return bytes;
  const longer = Buffer.alloc(size);
  bytes.copy(longer);
  return longer;
}

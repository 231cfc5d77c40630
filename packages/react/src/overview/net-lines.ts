/** What is known of a file after some changes, and how that is shown as one change. Pure. */
export interface NetLine {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
  readonly oldNumber?: number;
  readonly newNumber?: number;
}

export type Piece =
  | { readonly kind: "unknown"; readonly lines: number }
  /** A line as it stands now; `old`: it was there before all changes. */
  | { readonly kind: "line"; readonly text: string; readonly old: boolean }
  | { readonly kind: "gone"; readonly text: string };

const CONTEXT = 3;

/** The pieces as lines of a diff: what went and came back is neither. */
export function netLines(file: readonly Piece[]): readonly NetLine[] {
  const all: (NetLine & { readonly skip?: number })[] = [];
  for (let index = 0; index < file.length;) {
    const piece = file[index];
    if (piece === undefined) break;
    if (piece.kind === "unknown") {
      all.push({ kind: "gap", text: "", skip: piece.lines });
      index += 1;
    } else if (piece.kind === "line" && piece.old) {
      all.push({ kind: "same", text: piece.text });
      index += 1;
    } else {
      let to = index;
      while (isChange(file[to])) to++;
      all.push(...changed(file.slice(index, to)));
      index = to;
    }
  }
  return all.some(({ kind }) => kind === "added" || kind === "removed") ? numbered(trimmed(all)) : [];
}

function isChange(piece: Piece | undefined): boolean {
  return piece?.kind === "gone" || (piece?.kind === "line" && !piece.old);
}

/** Lines that are the same at the ends of what went and what came did not change. */
function changed(run: readonly Piece[]): NetLine[] {
  const gone = run.flatMap((piece) => (piece.kind === "gone" ? [piece.text] : []));
  const come = run.flatMap((piece) => (piece.kind === "line" ? [piece.text] : []));
  const shorter = Math.min(gone.length, come.length);
  let head = 0;
  while (head < shorter && gone[head] === come[head]) head++;
  let tail = 0;
  while (tail < shorter - head && gone.at(-1 - tail) === come.at(-1 - tail)) tail++;
  const as = (kind: NetLine["kind"], texts: readonly string[]): NetLine[] => texts.map((text) => ({ kind, text }));
  return [
    ...as("same", gone.slice(0, head)),
    ...as("removed", gone.slice(head, gone.length - tail)),
    ...as("added", come.slice(head, come.length - tail)),
    ...as("same", gone.slice(gone.length - tail)),
  ];
}

/** Three lines of what stayed around each change; the rest is a gap. */
function trimmed(lines: readonly (NetLine & { readonly skip?: number })[]) {
  const near = new Uint8Array(lines.length);
  for (const [index, { kind }] of lines.entries()) {
    if (kind === "added" || kind === "removed") near.fill(1, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  }
  const kept: (NetLine & { readonly skip?: number })[] = [];
  for (const [index, line] of lines.entries()) {
    if (near[index] === 1 && line.kind !== "gap") {
      kept.push(line);
      continue;
    }
    const skip = line.kind === "gap" ? (line.skip ?? 0) : 1;
    const last = kept.at(-1);
    if (last?.kind === "gap") kept[kept.length - 1] = { ...last, skip: (last.skip ?? 0) + skip };
    else kept.push({ kind: "gap", text: "", skip });
  }
  return kept;
}

function numbered(lines: readonly (NetLine & { readonly skip?: number })[]): readonly NetLine[] {
  let oldNumber = 1;
  let newNumber = 1;
  const all = lines.map(({ kind, text, skip = 0 }): NetLine => {
    if (kind === "gap") {
      oldNumber += skip;
      newNumber += skip;
      return { kind, text };
    }
    if (kind === "added") return { kind, text, newNumber: newNumber++ };
    if (kind === "removed") return { kind, text, oldNumber: oldNumber++ };
    return { kind, text, oldNumber: oldNumber++, newNumber: newNumber++ };
  });
  // What is behind the last change is of no interest, and what is in front of the first only if it is not the start.
  return all.filter(({ kind }, index) => kind !== "gap" || index < all.length - 1);
}

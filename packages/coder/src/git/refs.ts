import { createHash } from "node:crypto";
import type { Git } from "./git.ts";

/** Where checkpoints are kept: `refs/skein/{session}/{turn}/{start|end}`, apart from branches, tags and the stash. */
export type Edge = "start" | "end";

export interface CheckpointName {
  readonly session: string;
  readonly turn: string;
  readonly edge: Edge;
}

const ROOT = "refs/skein";

export function refOf({ session, turn, edge }: CheckpointName): string {
  return `${ROOT}/${refPart(session)}/${refPart(turn)}/${edge}`;
}

/** Ids are made of letters, digits and hyphens; any other one is named by its hash. */
export function refPart(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/.test(id)) return id;
  return `x-${createHash("sha256").update(id).digest("hex").slice(0, 40)}`;
}

export async function commitAt(git: Git, top: string, name: CheckpointName): Promise<string | undefined> {
  const told = await git.run(top, ["rev-parse", "--verify", "--quiet", `${refOf(name)}^{commit}`], {
    accept: [1, 128],
  });
  return told.trim() === "" ? undefined : told.trim();
}

/** The turns of which there are checkpoints, oldest first, each with its refs. */
export async function turnsOf(git: Git, top: string, session: string): Promise<ReadonlyMap<string, string[]>> {
  const prefix = `${ROOT}/${refPart(session)}/`;
  const told = await git.run(top, ["for-each-ref", "--sort=creatordate", "--format=%(refname)", prefix]);
  const turns = new Map<string, string[]>();
  for (const ref of told.split("\n").slice(0, -1)) {
    const turn = ref.slice(prefix.length).split("/")[0] ?? "";
    turns.set(turn, [...(turns.get(turn) ?? []), ref]);
  }
  return turns;
}

export async function deleteRefs(git: Git, top: string, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  const input = refs.map((ref) => `delete ${ref}\n`).join("");
  await git.run(top, ["update-ref", "--no-deref", "--stdin"], { input });
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The ids of a process and of all it started, children first. For systems without /proc; what has left the tree (its
 * parent ended first) is not in it, so it is asked before anything is ended.
 */
export async function processTree(root: number): Promise<readonly number[]> {
  const { stdout } = await run("ps", ["-axo", "pid=,ppid="], { maxBuffer: 8 * 1024 * 1024, timeout: 5000 });
  return descendants(root, parsePs(stdout));
}

export function parsePs(text: string): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const line of text.split("\n")) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid === undefined || parent === undefined || Number.isNaN(pid)) continue;
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

export function descendants(root: number, children: ReadonlyMap<number, readonly number[]>): readonly number[] {
  const below = (children.get(root) ?? []).filter((pid) => pid !== root);
  return [...below.flatMap((pid) => descendants(pid, children)), root];
}

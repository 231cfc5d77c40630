import { lstat, readdir } from "node:fs/promises";
import { onDisk } from "./file-stat.ts";
import type { RestorePlan } from "./plan-restore.ts";

/**
 * Files that a plan would have to overwrite though nothing has kept them: ignored ones, and what git has no word for.
 * `known`: what the current checkpoint has.
 */
export async function findInTheWay(
  top: string,
  { remove, write }: Pick<RestorePlan, "remove" | "write">,
  known: ReadonlySet<string>,
): Promise<string[]> {
  const goes = new Set(remove);
  const found: string[] = [];
  const folders = new Set<string>();
  for (const { path } of write) {
    for (let cut = path.indexOf("/"); cut > 0; cut = path.indexOf("/", cut + 1)) {
      const folder = path.slice(0, cut);
      if (folders.has(folder)) continue;
      folders.add(folder);
      const above = await lookAt(top, folder);
      if (above === "other" && !goes.has(folder) && !known.has(folder)) found.push(folder);
    }
    const there = await lookAt(top, path);
    if (there === "other" && !known.has(path)) found.push(path);
    if (there === "folder") found.push(...(await keptIn(top, path, goes)));
  }
  return found;
}

/** A file shall be where a folder is: all that is in it must be on its way out. */
async function keptIn(top: string, folder: string, goes: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(onDisk(top, folder), { withFileTypes: true, encoding: "buffer" })) {
    const path = `${folder}/${Buffer.from(entry.name).toString("latin1")}`;
    if (entry.isDirectory()) found.push(...(await keptIn(top, path, goes)));
    else if (!goes.has(path)) found.push(path);
  }
  return found;
}

async function lookAt(top: string, path: string): Promise<"nothing" | "folder" | "other"> {
  const found = await lstat(onDisk(top, path)).catch(() => undefined);
  if (found === undefined) return "nothing";
  return found.isDirectory() ? "folder" : "other";
}

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Whether a path leads to something. What cannot be looked at is not there for us. */
export function exists(path: string): Promise<boolean> {
  return may(path, constants.F_OK);
}

export function isExecutable(path: string): Promise<boolean> {
  return may(path, constants.X_OK);
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** Where a program of this name is, by the value of a PATH. */
export async function findOnPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((entry) => entry !== "")) {
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

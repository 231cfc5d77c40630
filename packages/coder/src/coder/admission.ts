import { realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, relative, sep } from "node:path";
import { SkeinError } from "@skein/protocol";

/** Where coders may work: nowhere else than in these folders and below. */
export interface DirectoryRules {
  /** `undefined`: anywhere. */
  readonly allowed: readonly string[] | undefined;
}

/**
 * The directory with its links resolved. Throws `directory_not_found` or `directory_not_allowed`. A link out of an
 * allowed folder leads to where it leads.
 */
export async function checkDirectory(path: string, rules: DirectoryRules): Promise<string> {
  const wanted = path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
  if (!isAbsolute(wanted) || wanted.includes("\0")) {
    throw new SkeinError("directory_not_found", `“${path}” is not an absolute path.`);
  }
  // What cannot be looked at is not there for a coder either, and a folder of the rules that is gone allows nothing.
  const resolved = await realpath(wanted).catch(() => undefined);
  const found = resolved === undefined ? undefined : await stat(resolved).catch(() => undefined);
  if (resolved === undefined || found === undefined) {
    throw new SkeinError("directory_not_found", `There is no directory ${wanted} on this machine.`);
  }
  if (!found.isDirectory()) throw new SkeinError("directory_not_found", `${wanted} is not a directory.`);
  if (rules.allowed === undefined) return resolved;
  const allowed = await Promise.all(rules.allowed.map((folder) => realpath(folder).catch(() => undefined)));
  if (allowed.some((folder) => folder !== undefined && isInside(resolved, folder))) return resolved;
  throw new SkeinError(
    "directory_not_allowed",
    `Coders may not work in ${resolved} here. Allowed: ${rules.allowed.join(", ") || "nowhere"}.`,
  );
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

import { existsSync, readFileSync } from "node:fs";
import { SkeinError } from "@skein/protocol";
import { storeFiles } from "./files.ts";

/** Refuses a store whose content goes on elsewhere: what was written here from now on would be missing there. */
export function refuseMoved(folder: string): void {
  const { moved } = storeFiles(folder);
  if (!existsSync(moved)) return;
  throw new SkeinError(
    "unavailable",
    `The store in ${folder} was moved to the database ${readFileSync(moved, "utf8").trim()}: start with --database. ` +
      `To go on with what is left here instead, remove ${moved}.`,
  );
}

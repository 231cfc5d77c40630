import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The built web app, beside us in the clone. */
export function findWebApp(): string | undefined {
  const folder = new URL("../../../web/dist/", import.meta.url);
  return existsSync(new URL("index.html", folder)) ? fileURLToPath(folder) : undefined;
}

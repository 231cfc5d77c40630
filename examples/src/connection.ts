import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The server that `npm start` runs on this machine, or the one that SKEIN_URL and SKEIN_TOKEN name. */
export async function localServer(): Promise<{ baseUrl: string; token: string }> {
  const { SKEIN_URL = "http://127.0.0.1:4437", SKEIN_TOKEN, SKEIN_HOME = join(homedir(), ".skein") } = process.env;
  return { baseUrl: SKEIN_URL, token: SKEIN_TOKEN ?? (await readFile(join(SKEIN_HOME, "token"), "utf8")).trim() };
}

import { chmod, mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { randomSecret } from "../auth/secrets.ts";

const TOKEN = /^[A-Za-z0-9._~-]{16,256}$/;

/** The token of a home: made at the first start, kept after it, and readable by its owner only. */
export async function loadToken(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const made = await tryCreate(path, randomSecret());
  if (made !== undefined) return made;
  const token = (await readFile(path, "utf8")).trim();
  if (!TOKEN.test(token)) throw new Error(`${path} does not hold a token. Remove it, and a new one is made.`);
  // Somebody may have copied the home about: what others can read is made private again.
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  return token;
}

/** `undefined` when the file is there: of two servers that start at once, one makes it. */
async function tryCreate(path: string, token: string): Promise<string | undefined> {
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(`${token}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    return token;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
    throw error;
  }
}

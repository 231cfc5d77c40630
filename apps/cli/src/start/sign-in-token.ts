import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { CliError } from "../failure.ts";
import { readIfThere, writePrivate } from "../home/private-file.ts";

const FORM = /^[A-Za-z0-9_-]{32,}$/;

/** The home's secret, made at the first start. Kept over restarts, so that browsers stay signed in. */
export async function signInToken(path: string): Promise<string> {
  const found = (await readIfThere(path))?.trim();
  if (found === undefined) {
    const token = randomBytes(32).toString("base64url");
    await writePrivate(path, `${token}\n`);
    return token;
  }
  if (!FORM.test(found)) {
    throw new CliError("bad_token_file", `${path} holds no token.`, {
      hint: "Remove it to get a new one; browsers will have to sign in again.",
    });
  }
  await chmod(path, 0o600);
  return found;
}

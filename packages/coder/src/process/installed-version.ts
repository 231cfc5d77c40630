import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * What an agent's program says its version is; `undefined` when it does not say. It gets the PATH and nothing else of
 * the environment: what npm installs may be a script, which finds its interpreter there.
 */
export async function installedVersion(
  path: string,
  { PATH = "" }: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 10_000, env: { PATH } });
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

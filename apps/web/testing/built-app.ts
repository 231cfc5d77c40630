import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

let building: Promise<string> | undefined;

/** The web app, built from the sources as they are into a folder of this process: never what was built at some time. */
export async function builtApp(): Promise<string> {
  building ??= buildApp();
  return building;
}

/** In a process of its own: in a test runner's, React would be built for development. */
async function buildApp(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "skein-web-dist-"));
  process.once("exit", () => rmSync(outDir, { recursive: true, force: true }));
  const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin", "vite.js");
  const root = fileURLToPath(new URL("..", import.meta.url));
  const args = [vite, "build", root, "--outDir", outDir, "--emptyOutDir", "--logLevel", "error"];
  const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_ENV: "production" };
  await promisify(execFile)(process.execPath, args, { env: environment, timeout: 120_000 });
  return outDir;
}

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

let building: Promise<string> | undefined;

/** The web app, built from the sources as they are into a folder of this process: never what was built at some time. */
export async function builtApp(): Promise<string> {
  building ??= buildApp();
  return building;
}

async function buildApp(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "skein-web-dist-"));
  await build({
    configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)),
    logLevel: "error",
    build: { outDir, emptyOutDir: true },
  });
  return outDir;
}

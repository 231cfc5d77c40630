import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { prepare } from "./prepare.mjs";

/**
 * A clone in miniature: an npm that installs a tsc and a vite which write down that they ran and make what the real
 * ones make. What is under test is when each of them runs.
 */
const FAKE_NPM = `
const { mkdirSync, writeFileSync, appendFileSync } = require("node:fs");
appendFileSync("ran", "npm " + process.argv[2] + "\\n");
if (process.env.FAKE_OFFLINE) { console.error("npm error code ENOTFOUND"); process.exit(1); }
const tool = (path, name, outputs) => {
  mkdirSync(require("node:path").dirname(path), { recursive: true });
  writeFileSync(path, "const fs = require('node:fs'), path = require('node:path');" +
    "const root = path.resolve(__dirname, '../../..');" +
    "fs.appendFileSync(root + '/ran', '" + name + "\\\\n');" +
    "for (const file of " + JSON.stringify(outputs) + ") {" +
    "fs.mkdirSync(path.dirname(root + '/' + file), { recursive: true }); fs.writeFileSync(root + '/' + file, ''); }");
};
tool("node_modules/typescript/bin/tsc", "tsc", ["apps/cli/dist/main.js", "packages/server/dist/index.js", "packages/protocol/dist/index.js"]);
tool("node_modules/vite/bin/vite.js", "vite", ["apps/web/dist/index.html"]);
writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages: {} }));
`;

interface Clone {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** What ran since the last time it was asked, in order. */
  readonly ran: () => Promise<string[]>;
  readonly write: (path: string, text: string) => Promise<void>;
}

async function freshClone(): Promise<Clone> {
  const root = await mkdtemp(join(tmpdir(), "skein-clone-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write("package-lock.json", JSON.stringify({ packages: { "node_modules/x": { version: "1.0.0" } } }));
  for (const name of ["server", "protocol"]) await write(`packages/${name}/package.json`, "{}");
  await write("packages/server/src/index.ts", "1");
  await write("apps/cli/src/main.ts", "1");
  await write("apps/web/src/main.tsx", "1");
  await write("fake/npm-cli.js", FAKE_NPM);
  return {
    root,
    env: { ...process.env, npm_execpath: join(root, "fake/npm-cli.js") },
    ran: async () => {
      const text = await readFile(join(root, "ran"), "utf8").catch(() => "");
      await rm(join(root, "ran"), { force: true });
      return text.split("\n").filter((line) => line !== "");
    },
    write,
  };
}

const BOTH = { targets: ["cli" as const, "web" as const] };

test("[CL50][CL51] a fresh clone is installed and built; after that nothing is said and nothing is done", async () => {
  const { root, env, ran } = await freshClone();
  const said: string[] = [];
  const log = (line: string): void => void said.push(line);
  await prepare({ root, env, log, ...BOTH });
  expect(await ran()).toEqual(["npm ci", "tsc", "vite"]);
  expect(said).toHaveLength(3);
  said.length = 0;
  await prepare({ root, env, log, ...BOTH });
  expect([said, await ran()]).toEqual([[], []]);
});

test("[CL50] only what is stale is made again", async () => {
  const { root, env, ran, write } = await freshClone();
  const again = async (): Promise<string[]> => {
    await prepare({ root, env, log: () => {}, ...BOTH });
    return ran();
  };
  await again();
  await write("packages/server/src/index.ts", "22");
  expect(await again()).toEqual(["tsc"]);
  await write("apps/web/src/main.tsx", "22");
  expect(await again()).toEqual(["vite"]);
  const touched = new Date(2_000_000_000_000);
  await utimes(join(root, "apps/cli/src/main.ts"), touched, touched);
  expect(await again()).toEqual(["tsc"]);
  await rm(join(root, "apps/web/dist"), { recursive: true });
  expect(await again()).toEqual(["vite"]);
  await write("package-lock.json", JSON.stringify({ packages: { "node_modules/x": { version: "2.0.0" } } }));
  expect(await again()).toEqual(["npm install", "tsc", "vite"]);
});

test("[CL50] several processes at once install and build once, and all of them go on", async () => {
  const { root, env, ran } = await freshClone();
  const script = `const { prepare } = await import(${JSON.stringify(new URL("prepare.mjs", import.meta.url).href)});
    await prepare({ root: ${JSON.stringify(root)}, targets: ["cli", "web"] });`;
  const codes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], { env, stdio: "ignore" });
      await once(child, "exit");
      return child.exitCode;
    }),
  );
  expect(codes).toEqual([0, 0, 0]);
  expect(await ran()).toEqual(["npm ci", "tsc", "vite"]);
});

test("[CL52] without a network it says so, and the next try begins anew", async () => {
  const { root, env, ran } = await freshClone();
  await expect(prepare({ root, env: { ...env, FAKE_OFFLINE: "1" }, log: () => {}, ...BOTH })).rejects.toThrow(
    "npm cannot reach its registry (ENOTFOUND)",
  );
  await ran();
  await prepare({ root, env, log: () => {}, ...BOTH });
  expect(await ran()).toEqual(["npm ci", "tsc", "vite"]);
});

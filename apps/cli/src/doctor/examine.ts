import { constants, existsSync } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { registerCoder } from "@skein/coder";
import { createRegistry } from "@skein/runtime";
import { checkPostgresStore, checkSqliteStore } from "@skein/store/operations";
import { describeAddress } from "@skein/store/postgres";
import { z } from "zod";
import { readAgentsFile } from "../home/agents-file.ts";
import type { Home } from "../home/home.ts";
import { isAlive, readServerFile } from "../home/server-file.ts";
import { probeHealth } from "../start/probe-health.ts";
import { findWebApp } from "../start/web-app.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";
import { judgeAgent, judgeDisk, judgeHome, judgeNode, judgeOthers, judgeStore, judgeWebApp } from "./judge.ts";

export interface Examination {
  readonly home: Home;
  readonly database: string | undefined;
  readonly full: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly nodeVersion: string;
}

/** Looks at everything that Skein needs here. Changes nothing, and may be done while it runs. */
export async function examine(examination: Examination): Promise<Finding[]> {
  const { home, database, full } = examination;
  return [
    judgeNode(examination.nodeVersion),
    await examineHome(home.folder),
    await examineDisk(home.folder),
    await guarded("store", () => (database === undefined ? examineStore(home, full) : examineDatabase(database, full))),
    await examineServer(home),
    ...(await guardedAll("agents", () => examineAgents(examination))),
    judgeWebApp(findWebApp() !== undefined),
  ];
}

/** What cannot be looked at is a finding too. */
async function guarded(name: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return fail(name, error instanceof Error ? error.message : String(error), "See the message; --full looks closer.");
  }
}

async function guardedAll(name: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  const failure = (error: unknown): Finding[] => [
    fail(name, error instanceof Error ? error.message : String(error), "Correct what the message says."),
  ];
  return look().catch(failure);
}

async function examineHome(folder: string): Promise<Finding> {
  if (!existsSync(folder)) return ok("home", `${folder} is not there yet: the first start makes it.`);
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const secrets = [folder, join(folder, "data"), join(folder, "token"), join(folder, "server.json")];
  const open: string[] = [];
  for (const path of secrets) {
    const found = await stat(path).catch(() => undefined);
    if (found && (found.mode & 0o077) !== 0) open.push(path);
  }
  return judgeHome(folder, { writable, open });
}

async function examineDisk(folder: string): Promise<Finding> {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  return judgeDisk(bavail * bsize, folder);
}

async function examineStore(home: Home, full: boolean): Promise<Finding> {
  const folder = join(home.folder, "data");
  if (!existsSync(join(folder, "skein.db"))) return ok("store", `${folder} is empty: the first start makes the store.`);
  if (existsSync(join(folder, "skein.moved")))
    return warn(
      "store",
      `${folder} was moved to a database.`,
      "Start with --database; remove the old data when you like.",
    );
  return judgeStore(await checkSqliteStore({ folder, full }), folder, await sizeOf(folder));
}

async function examineDatabase(url: string, full: boolean): Promise<Finding> {
  return judgeStore(await checkPostgresStore({ url, full }), `PostgreSQL, ${describeAddress(url)}`, undefined);
}

async function sizeOf(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith("skein.db"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function examineServer(home: Home): Promise<Finding> {
  const found = await readServerFile(home.serverFile, isAlive);
  if (found.kind === "none") return ok("server", "not running");
  if (found.kind === "stale")
    return warn("server", `did not stop cleanly (pid ${found.pid})`, "Start it: everything acknowledged is there.");
  const { url, pid } = found.server;
  const health = await probeHealth(url);
  if (health) return ok("server", `version ${health.version} runs at ${url}, pid ${pid}`);
  return warn("server", `pid ${pid} is there and does not answer at ${url}`, "Wait a moment, or restart it.");
}

const agentsStatus = z.object({
  agents: z.array(
    z.object({
      agent: z.string(),
      installed: z.boolean(),
      version: z.string().optional(),
      signedIn: z.boolean().optional(),
      hint: z.string().optional(),
    }),
  ),
});

/** Every agent that a coder here would drive, asked as a coder asks. */
async function examineAgents({ home, environment }: Examination): Promise<Finding[]> {
  const { agents: setUp } = await readAgentsFile(home.folder);
  const { calls } = registerCoder(createRegistry(), {
    acp: { agents: setUp },
    owner: home.folder,
    environment,
    defaultWorkingDirectory: home.folder,
  });
  const { agents } = agentsStatus.parse(await calls["agents.status"]?.({}));
  // What nobody asked for and nobody has is no trouble.
  const expected = new Set(["claude", "codex", ...Object.keys(setUp)]);
  const missing = agents.filter(({ agent, installed }) => !installed && !expected.has(agent));
  const found = agents.filter((agent) => !missing.includes(agent)).map(judgeAgent);
  return missing.length === 0 ? found : [...found, judgeOthers(missing.map(({ agent }) => agent))];
}

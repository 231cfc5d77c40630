import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";

const run = promisify(execFile);

/** A private PostgreSQL for tests: in a temporary folder, reached through a socket in it, gone with `stop`. */
export interface PostgresCluster {
  /** Makes an empty database and gives its URL. */
  createDatabase(): Promise<string>;
  /** Of the server's main process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Where the programs of the newest installed PostgreSQL are; `undefined` without one. */
export async function findPostgres(): Promise<string | undefined> {
  const root = "/usr/lib/postgresql";
  const versions = await entriesOf(root);
  for (const version of versions.sort((left, right) => Number(right) - Number(left))) {
    const bin = join(root, version, "bin");
    const programs = await entriesOf(bin);
    if (programs.includes("postgres") && programs.includes("initdb")) return bin;
  }
  return undefined;
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // No such folder: nothing is in it.
    return [];
  }
}

export async function startPostgres(bin: string): Promise<PostgresCluster> {
  const folder = await mkdtemp(join(tmpdir(), "skein-pg-"));
  const user = await serverUser();
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const options = { cwd: folder, ...user };
  await run(
    join(bin, "initdb"),
    ["-D", data, "-U", "skein", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    options,
  );
  const server = spawn(
    join(bin, "postgres"),
    ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "shared_buffers=64MB", "-c", "max_connections=60"],
    { ...options, stdio: ["ignore", "ignore", "pipe"] },
  );
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let log = "";
    server.stderr.on("data", (text: Buffer) => {
      log = (log + text.toString()).slice(-8000);
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`PostgreSQL did not start: ${log}`)));
  });
  const { pid } = server;
  if (pid === undefined) throw new Error("PostgreSQL has no process id");
  const url = (database: string) => `postgres://skein@/${database}?host=${encodeURIComponent(folder)}`;
  return {
    pid,
    async createDatabase() {
      const name = `skein_${randomBytes(6).toString("hex")}`;
      const client = new Client({ connectionString: url("postgres") });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${name}`);
      } finally {
        await client.end();
      }
      return url(name);
    },
    async stop() {
      server.kill("SIGINT");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const { stdout: uid } = await run("id", ["-u", "postgres"]);
  const { stdout: gid } = await run("id", ["-g", "postgres"]);
  return { uid: Number(uid), gid: Number(gid) };
}

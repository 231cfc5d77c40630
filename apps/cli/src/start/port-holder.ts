import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";
import { probeHealth } from "./probe-health.ts";

/** Who listens on a port, as far as this machine tells us. */
export type PortHolder =
  | { readonly kind: "skein"; readonly version: string; readonly pid?: number }
  | { readonly kind: "process"; readonly pid: number; readonly name: string }
  | { readonly kind: "unknown" };

export async function findPortHolder(host: string, port: number): Promise<PortHolder> {
  const [health, found] = await Promise.all([
    probeHealth(`http://${host.includes(":") ? `[${host}]` : host}:${port}`),
    findProcess(port),
  ]);
  if (health !== undefined) {
    return { kind: "skein", version: health.version, ...(found === undefined ? {} : { pid: found.pid }) };
  }
  return found === undefined ? { kind: "unknown" } : { kind: "process", ...found };
}

export function describeHolder(holder: PortHolder): string {
  switch (holder.kind) {
    case "skein":
      return `another Skein (version ${holder.version}${holder.pid === undefined ? "" : `, pid ${holder.pid}`})`;
    case "process":
      return `${holder.name} (pid ${holder.pid})`;
    case "unknown":
      return "another program";
  }
}

interface Found {
  readonly pid: number;
  readonly name: string;
}

async function findProcess(port: number): Promise<Found | undefined> {
  return (await fromProc(port)) ?? (await fromLsof(port));
}

/** Linux: the socket's inode from the table of connections, then the process that has it open. */
async function fromProc(port: number): Promise<Found | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  const names = await readdir("/proc").catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    const links = await openSockets(pid);
    if (!links.some((inode) => inodes.has(inode))) continue;
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "a process");
    return { pid: Number(pid), name: name.trim() };
  }
  return undefined;
}

const LISTEN = "0A";

/** Inodes of the sockets that listen on `port`, from the text of `/proc/net/tcp`. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    return local.endsWith(suffix) && state === LISTEN && inode !== undefined ? [inode] : [];
  });
}

async function openSockets(pid: string): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  // Other people's processes may not be looked into, and processes end while one looks.
  const fds = await readdir(folder).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`${folder}/${fd}`).catch(() => "")));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** Elsewhere: `lsof`, where there is one. */
async function fromLsof(port: number): Promise<Found | undefined> {
  try {
    const { stdout } = await promisify(execFile)("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], {
      timeout: 2000,
    });
    return parseLsof(stdout);
  } catch {
    return undefined;
  }
}

/** The first process of `lsof -F pc`. */
export function parseLsof(text: string): Found | undefined {
  const pid = /^p(\d+)$/m.exec(text)?.[1];
  return pid === undefined ? undefined : { pid: Number(pid), name: /^c(.+)$/m.exec(text)?.[1] ?? "a process" };
}

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The store's folder, as the file of a sync. */
export const FOLDER = "data";

/** What the process did to the store's files, in its order. `acknowledged`: groups up to this one. */
export type Effect =
  | { readonly kind: "write"; readonly file: string; readonly offset: number; readonly data: Buffer }
  | { readonly kind: "truncate"; readonly file: string; readonly size: number }
  | { readonly kind: "sync"; readonly file: string }
  | { readonly kind: "unlink"; readonly file: string }
  | { readonly kind: "acknowledged"; readonly seq: number };

/** Whether calls can be recorded here. */
export async function canRecord(): Promise<boolean> {
  return run("strace", ["-f", "-o", "/dev/null", "true"]).then(
    () => true,
    () => false,
  );
}

/** Runs the writer under strace and gives all it did. */
export async function recordWriter(folder: string, groups: number, synchronous: "FULL" | "NORMAL" | "OFF") {
  const log = join(folder, "calls.log");
  const data = join(folder, FOLDER);
  const script = fileURLToPath(new URL("./writer.ts", import.meta.url));
  const trace = "trace=pwrite64,write,fsync,fdatasync,ftruncate,unlink";
  const strace = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "1000000", "-o", log, "-e", trace];
  const node = [process.execPath, "--import", "tsx", "--conditions=@skein/source"];
  await run("strace", [...strace, ...node, script, data, `${groups}`, synchronous], { maxBuffer: 1e8 });
  return parseCalls(await readFile(log, "latin1"), data);
}

/** One thread does all of it, so every call stands in one line or, cut in two by another thread's, in two. */
export function parseCalls(log: string, folder: string): Effect[] {
  const open = new Map<string, string>();
  const effects: Effect[] = [];
  for (const line of log.split("\n")) {
    const [, pid = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith("<unfinished ...>")) {
      open.set(pid, rest.slice(0, -"<unfinished ...>".length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const effect = parseCall(resumed ? (open.get(pid) ?? "") + (resumed[1] ?? "") : rest, folder);
    if (effect) effects.push(effect);
  }
  return effects;
}

function parseCall(call: string, folder: string): Effect | undefined {
  const [, name, args = "", result = ""] = /^(\w+)\((.*?) ?\) += (-?\d+)/.exec(call) ?? [];
  if (name === undefined || result.startsWith("-")) return undefined;
  if (name === "unlink") {
    const path = unescape(/^"(.*)"$/.exec(args)?.[1] ?? "").toString("utf8");
    return path.startsWith(folder) ? { kind: "unlink", file: basename(path) } : undefined;
  }
  const [, fd, path = "", tail = ""] = /^(\d+)<((?:\\x[0-9a-f]{2}|[^>])*)>(?:, )?(.*)$/.exec(args) ?? [];
  const file = path.includes("\\x") ? unescape(path).toString("utf8") : path;
  if (name === "write" && fd === "1") {
    const [, seq] = /^ACK (\d+)/.exec(unescape(/^"(.*)", \d+$/.exec(tail)?.[1] ?? "").toString("utf8")) ?? [];
    return seq === undefined ? undefined : { kind: "acknowledged", seq: Number(seq) };
  }
  if (!file.startsWith(folder)) return undefined;
  const where = { file: basename(file) };
  switch (name) {
    case "pwrite64": {
      const [, data, length, offset] = /^"(.*)", (\d+), (\d+)$/.exec(tail) ?? [];
      if (data === undefined || data.length !== Number(length) * 4) throw new Error(`Cut off: ${call.slice(0, 200)}`);
      return { kind: "write", ...where, offset: Number(offset), data: unescape(data) };
    }
    case "ftruncate":
      return { kind: "truncate", ...where, size: Number(tail) };
    case "fsync":
    case "fdatasync":
      return { kind: "sync", ...where };
    case "write":
      // The pid file: not part of the data.
      return undefined;
    default:
      throw new Error(`Not expected: ${call.slice(0, 200)}`);
  }
}

function unescape(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

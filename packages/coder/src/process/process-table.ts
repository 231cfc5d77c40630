import { readFile, readdir } from "node:fs/promises";
import { SESSION_MARKER } from "./marker.ts";

/** A process, with what tells it apart from a later one of the same id. */
export interface ProcessInfo {
  readonly pid: number;
  /** The id of the process that leads its session (`setsid`). */
  readonly session: number;
  /** Clock ticks since boot. */
  readonly startedAt: number;
  readonly marker: string;
}

export interface ProcessTable {
  /** All living processes whose marker the test accepts, except ours. */
  find(accepts: (marker: string) => boolean): Promise<readonly ProcessInfo[]>;
  /** Now, in the unit of `startedAt`. */
  ticks(): Promise<number>;
}

const TICKS_PER_SECOND = 100;

/** Reads /proc. Where there is none (macOS, Windows) it finds nothing: see `docs/design/coder.md`. */
export function procTable(root = "/proc"): ProcessTable {
  return {
    async find(accepts) {
      const names = await readdir(root).catch(() => []);
      const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
      const found = await Promise.all(pids.map((pid) => readProcess(root, pid)));
      return found.filter((one) => one !== undefined).filter((one) => one.pid !== process.pid && accepts(one.marker));
    },
    async ticks() {
      const uptime = await readFile(`${root}/uptime`, "utf8").catch(() => "0");
      return Math.floor(Number.parseFloat(uptime) * TICKS_PER_SECOND);
    },
  };
}

/** `undefined` when it is gone, is not ours to read, is a zombie, or has no marker. */
async function readProcess(root: string, pid: number): Promise<ProcessInfo | undefined> {
  try {
    const marker = markerOf(await readFile(`${root}/${String(pid)}/environ`, "latin1"));
    if (marker === undefined) return undefined;
    const stat = await readFile(`${root}/${String(pid)}/stat`, "latin1");
    // The command's name is in parentheses and may hold anything: fields are counted from behind it.
    const [state, , , session, , , , , , , , , , , , , , , , startedAt] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ");
    if (state === "Z" || state === "X") return undefined;
    return { pid, session: Number(session), startedAt: Number(startedAt), marker };
  } catch {
    return undefined;
  }
}

function markerOf(environ: string): string | undefined {
  const name = `${SESSION_MARKER}=`;
  return environ
    .split("\0")
    .find((entry) => entry.startsWith(name))
    ?.slice(name.length);
}

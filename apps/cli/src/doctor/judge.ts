import type { StoreCheck } from "@skein/store/operations";
import { formatBytes } from "../output/bytes.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

/** What the figures mean. Everything here is pure: `examine.ts` asks the machine. */

const MiB = 1024 * 1024;
const LITTLE = 1024 * MiB;
const TOO_LITTLE = 100 * MiB;

/** The versions that the packages are written for and tested with. */
const OLDEST_NODE: readonly [number, number] = [20, 19];

export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  if (major > oldest || (major === oldest && minor >= oldestMinor)) return ok("node", `Node ${version}`);
  return fail("node", `Node ${version} is too old.`, `Install Node ${oldest}.${oldestMinor} or later.`);
}

export function judgeDisk(free: number, folder: string): Finding {
  const message = `${formatBytes(free)} free for ${folder}`;
  if (free < TOO_LITTLE) return fail("disk", message, "Make room: when the disk is full, nothing more is accepted.");
  if (free < LITTLE) return warn("disk", message, "Make room soon: when the disk is full, nothing more is accepted.");
  return ok("disk", message);
}

export function judgeHome(
  folder: string,
  home: { readonly writable: boolean; readonly open: readonly string[] },
): Finding {
  if (!home.writable)
    return fail("home", `${folder} cannot be written.`, "Give it to the user who runs Skein (chown), or use --home.");
  if (home.open.length > 0)
    return warn("home", `Others can read ${home.open.join(", ")}.`, `Close it: chmod -R go= ${folder}`);
  return ok("home", folder);
}

export function judgeStore(check: StoreCheck, where: string, size: number | undefined): Finding {
  const name = "store";
  if (check.faults.length > 0)
    return fail(
      name,
      `${where} is damaged: ${check.faults.join(" ")}`,
      "Stop Skein and restore a backup: skein restore.",
    );
  if (check.format === 0) return ok(name, `${where} is empty: it is made ready at the first start.`);
  const { streams, records, checked, content } = check;
  const seen =
    content === undefined
      ? `${checked} chunks of messages looked at (--full: all)`
      : `all ${content.messages} messages read`;
  const large = size === undefined ? "" : `, ${formatBytes(size)}`;
  return ok(name, `${where}: format ${check.format}${large}, ${streams} streams, ${records} records, ${seen}`);
}

export interface AgentFound {
  readonly agent: string;
  readonly installed: boolean;
  readonly version?: string | undefined;
  readonly signedIn?: boolean | undefined;
  readonly hint?: string | undefined;
}

export function judgeAgent({ agent, installed, version, signedIn, hint }: AgentFound): Finding {
  if (!installed) return warn(agent, "not installed", hint ?? `Install it to drive it from here.`);
  const known = version === undefined ? "installed" : `version ${version}`;
  if (signedIn === false) return warn(agent, `${known}, not signed in`, hint ?? "Sign in with its own command.");
  return ok(agent, signedIn === undefined ? known : `${known}, signed in`);
}

/** Agents that can be driven here when they are installed, and are not needed. */
export function judgeOthers(agents: readonly string[]): Finding {
  return ok("other agents", `not installed: ${agents.join(", ")}`);
}

export function judgeWebApp(built: boolean): Finding {
  return built ? ok("web app", "built") : warn("web app", "not built: there is no page to open", "npm run build");
}

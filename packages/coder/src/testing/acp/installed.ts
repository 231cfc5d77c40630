import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findOnPath } from "../../process/files.ts";

const run = promisify(execFile);

/** Adapters that speak ACP, pinned. They bring agents of their own, which are left out: ours are used. */
const PACKAGES = ["@agentclientprotocol/claude-agent-acp@0.101.0", "@agentclientprotocol/codex-acp@2.6.0"] as const;
const PROGRAMS = ["claude-agent-acp", "codex-acp"] as const;
const CACHE = fileURLToPath(new URL("../../../../../node_modules/.cache/skein-acp-agents", import.meta.url));
const INSTALL_MS = 120_000;

export type InstalledAcpAgents =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

/** A PATH on which the real adapters are: installed once beside the clone's other packages, from npm's registry. */
export async function installedAcpAgents(): Promise<InstalledAcpAgents> {
  const bin = join(CACHE, "node_modules", ".bin");
  const path = [bin, process.env["PATH"] ?? ""].join(delimiter);
  const isThere = async (): Promise<boolean> => {
    const found = await Promise.all(PROGRAMS.map((program) => findOnPath(program, bin)));
    return found.every((program) => program !== undefined);
  };
  if (await isThere()) return { kind: "found", path };
  try {
    await mkdir(CACHE, { recursive: true });
    const options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
    await run("npm", ["install", "--prefix", CACHE, ...options, ...PACKAGES], { timeout: INSTALL_MS });
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 300) : "npm failed";
    return { kind: "missing", reason: `The ACP adapters could not be installed from the registry: ${why}` };
  }
  if (await isThere()) return { kind: "found", path };
  return { kind: "missing", reason: "npm installed the ACP adapters, and their programs are not there." };
}

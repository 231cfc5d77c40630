import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findOnPath, isExecutable } from "../process/files.ts";

/** Where Claude Code was found: the person's own installation first, then the one that came with the SDK. */
export type ClaudeBinary =
  | { readonly kind: "found"; readonly path: string; readonly from: "configured" | "path" | "package" }
  | { readonly kind: "missing" };

export interface FindBinaryOptions {
  /** An explicit path wins, and is not replaced by another when it is not there. */
  readonly configured?: string;
  /** The value of `PATH`. */
  readonly path: string;
  /** Where the SDK's optional package would be. */
  readonly packaged?: string | undefined;
}

const NAME = process.platform === "win32" ? "claude.exe" : "claude";

export async function findClaudeBinary(options: FindBinaryOptions): Promise<ClaudeBinary> {
  const { configured } = options;
  if (configured !== undefined) {
    return (await isExecutable(configured))
      ? { kind: "found", path: configured, from: "configured" }
      : { kind: "missing" };
  }
  const installed = await findOnPath(NAME, options.path);
  if (installed !== undefined) return { kind: "found", path: installed, from: "path" };
  const { packaged } = options;
  if (packaged !== undefined && (await isExecutable(packaged))) {
    return { kind: "found", path: packaged, from: "package" };
  }
  return { kind: "missing" };
}

/** The binary in the SDK's optional package for this machine, if that is installed. */
export function packagedBinary(): string | undefined {
  const require = createRequire(import.meta.url);
  const base = `@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}`;
  for (const name of [base, `${base}-musl`]) {
    try {
      return join(dirname(require.resolve(`${name}/package.json`)), NAME);
    } catch {
      // Not installed: the next one may be.
    }
  }
  return undefined;
}

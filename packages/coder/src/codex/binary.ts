import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findOnPath, isExecutable } from "../process/files.ts";

/** Where Codex was found: the person's own installation first, then the optional package. */
export type CodexBinary =
  | {
      readonly kind: "found";
      readonly path: string;
      /** A folder of tools that came with it, for its PATH. */
      readonly tools?: string;
    }
  | { readonly kind: "missing" };

export interface PackagedCodex {
  readonly path: string;
  readonly tools: string;
}

export interface FindCodexOptions {
  /** An explicit path wins, and is not replaced by another when it is not there. */
  readonly configured?: string;
  /** The value of `PATH`. */
  readonly path: string;
  readonly packaged?: PackagedCodex | undefined;
}

const NAME = process.platform === "win32" ? "codex.exe" : "codex";

export async function findCodexBinary({ configured, path, packaged }: FindCodexOptions): Promise<CodexBinary> {
  if (configured !== undefined) {
    return (await isExecutable(configured)) ? { kind: "found", path: configured } : { kind: "missing" };
  }
  const installed = await findOnPath(NAME, path);
  if (installed !== undefined) return { kind: "found", path: installed };
  if (packaged === undefined || !(await isExecutable(packaged.path))) return { kind: "missing" };
  return { kind: "found", ...packaged };
}

const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-musl",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin",
  "win32-x64": "x86_64-pc-windows-msvc",
  "win32-arm64": "aarch64-pc-windows-msvc",
};

/** The binary in the optional package for this machine, if that is installed. */
export function packagedCodex(): PackagedCodex | undefined {
  const platform = `${process.platform}-${process.arch}`;
  const target = TARGETS[platform];
  if (target === undefined) return undefined;
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(require.resolve(`@openai/codex-${platform}/package.json`));
    const vendor = join(folder, "vendor", target);
    return { path: join(vendor, "bin", NAME), tools: join(vendor, "codex-path") };
  } catch {
    return undefined; // not installed
  }
}

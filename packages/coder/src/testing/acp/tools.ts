import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ToolUse } from "./model.ts";

/** What the scripted agent can do. */
export interface Done {
  readonly output: string;
  readonly failed: boolean;
  readonly diff?: { readonly path: string; readonly oldText: string | null; readonly newText: string };
}

export const KINDS: Readonly<Record<string, "edit" | "read" | "execute">> = {
  Write: "edit",
  Read: "read",
  Bash: "execute",
};

export async function runTool(
  { name, input }: ToolUse,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<Done> {
  const path = resolve(cwd, textOf(input, "file_path"));
  switch (name) {
    case "Write": {
      const oldText = await readFile(path, "utf8").catch(() => null);
      const newText = textOf(input, "content");
      await writeFile(path, newText);
      return { output: "Written.", failed: false, diff: { path, oldText, newText } };
    }
    case "Read":
      return { output: await readFile(path, "utf8"), failed: false };
    case "Bash":
      return command(textOf(input, "command"), cwd, signal);
    default:
      return { output: `There is no tool ${name}.`, failed: true };
  }
}

async function command(line: string, cwd: string, signal: AbortSignal): Promise<Done> {
  const child = spawn("sh", ["-c", line], { cwd, stdio: ["ignore", "pipe", "ignore"], detached: true });
  const stop = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  signal.addEventListener("abort", stop, { once: true });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  const [code] = await once(child, "exit");
  signal.removeEventListener("abort", stop);
  return { output, failed: code !== 0 };
}

export function textOf(input: Record<string, unknown>, field: string): string {
  const value = input[field];
  return typeof value === "string" ? value : "";
}

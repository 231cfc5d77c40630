import { resolve } from "node:path";
import type { SpawnRequest } from "@skein/protocol";
import { coderArgs, permissionMode } from "@skein/sessions";
import { usageError } from "../failure.ts";

/** What `skein spawn` was told, apart from the target. */
export interface SpawnOptions {
  readonly args?: unknown;
  readonly message?: string;
  readonly tag?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly agent?: string;
  readonly mode?: string;
  readonly model?: string;
  readonly attach?: string;
  readonly title?: string;
}

/**
 * The request for an entity of `type`. Coders get their arguments from the comfortable options (the directory is the
 * one the command runs in), and the prompt as their first message; other types get `--args` and `--message` as they are.
 */
export function planSpawn(type: string, prompt: string | undefined, options: SpawnOptions, cwd: string): SpawnRequest {
  const tags = options.tag === undefined ? {} : { tags: { ...options.tag } };
  if (prompt !== undefined && options.message !== undefined) {
    throw usageError("Give the first message once: as the prompt or with --message.");
  }
  const text = prompt ?? options.message;
  if (type !== "coder") {
    const foreign = CODER_OPTIONS.find((name) => options[name] !== undefined);
    if (foreign !== undefined) throw usageError(`--${foreign} is for coders.`, "Use --args for other types.");
    return {
      ...tags,
      ...(options.args === undefined ? {} : { args: options.args }),
      ...(text === undefined ? {} : { initialMessage: { payload: { text } } }),
    };
  }
  return {
    ...tags,
    args: options.args ?? coderArguments(options, cwd),
    ...(text === undefined ? {} : { initialMessage: { type: "prompt", payload: { text } } }),
  };
}

const CODER_OPTIONS = ["cwd", "agent", "mode", "model", "attach", "title"] as const;

function coderArguments(options: SpawnOptions, cwd: string) {
  const mode = permissionMode.safeParse(options.mode ?? "ask");
  if (!mode.success) throw usageError(`“${options.mode}” is not a mode.`, "Modes: ask, accept-edits, plan, bypass.");
  const parsed = coderArgs.safeParse({
    agent: options.agent ?? "claude",
    // An attached session brings its own directory.
    ...(options.cwd === undefined && options.attach !== undefined ? {} : { cwd: resolve(cwd, options.cwd ?? ".") }),
    permissionMode: mode.data,
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.attach === undefined ? {} : { nativeSessionId: options.attach }),
    ...(options.title === undefined ? {} : { title: options.title }),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw usageError(`The coder's ${issue?.path.join(".") ?? "arguments"} will not do: ${issue?.message ?? "invalid"}.`);
}

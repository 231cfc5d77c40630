import { SkeinError, type ErrorCode } from "@skein/protocol";
import { CommanderError } from "commander";
import { safeText } from "./output/safe-text.ts";

/** An expected failure of the CLI itself. `code` is printed for programs; `hint` says what to do. */
export class CliError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: 1 | 2;

  constructor(code: string, message: string, options: { hint?: string; exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CliError";
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The command line itself is wrong: exit 2. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError("usage", message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  unauthorized: "The token is wrong. Leave --token and SKEIN_TOKEN away to use the one of the running server.",
  unavailable: "Is it running? Start it with `skein start`.",
  unknown_entity_type: "See which types there are with `skein types`.",
  not_found: "See what there is with `skein ls`.",
  entity_exists: "Choose another id, or leave it away to get a new one.",
  entity_ended: "It was stopped or killed. Spawn a new one.",
  runner_unavailable: "The runner of this type is not connected. Is it running?",
  agent_not_installed: "Install the agent, or choose another with --agent.",
  agent_not_signed_in: "Sign in with the agent's own command first.",
  host_not_allowed: "Use the address that the server printed at its start.",
};

export interface Failure {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** One clear line, a hint where there is one, and no stack trace unless asked for. */
export function describeFailure(error: unknown, debug: boolean): Failure {
  const stack = debug && error instanceof Error && error.stack !== undefined ? [error.stack] : [];
  if (error instanceof CommanderError) {
    // Commander has printed its message (or the help) by itself.
    return { lines: stack, exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  if (error instanceof CliError) {
    const hint = error.hint === undefined ? [] : [error.hint];
    return { lines: [headline(error.message, error.code), ...hint, ...stack], exitCode: error.exitCode };
  }
  if (error instanceof SkeinError) {
    const hint = HINTS[error.code];
    return {
      lines: [headline(error.message, error.code), ...(hint === undefined ? [] : [hint]), ...stack],
      exitCode: 1,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = debug ? [] : ["This is a fault of Skein. Run again with SKEIN_DEBUG=1 to see where it comes from."];
  return { lines: [headline(message, "internal"), ...hint, ...stack], exitCode: 1 };
}

function headline(message: string, code: string): string {
  return `error: ${safeText(message).replace(/\s*\n\s*/g, " ")} (${code})`;
}

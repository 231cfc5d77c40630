/** Why a checkpoint, a worktree, a rewind or a merge was not made: nothing has changed. */
export interface GitRefusal {
  readonly kind: "refused";
  readonly reason: RefusalReason;
  /** For a person. */
  readonly message: string;
  /** What stands in the way, where that is a matter of files. */
  readonly paths?: readonly string[];
}

export type RefusalReason =
  | "no_git"
  | "no_repository"
  | "not_allowed"
  | "unreadable"
  | "too_large"
  | "changing"
  | "no_commit"
  | "no_checkpoint"
  | "in_the_way"
  | "conflict"
  | "not_clean";

/** Thrown inside this folder, and turned into a value at its doors. */
export class GitRefused extends Error {
  readonly refusal: GitRefusal;
  constructor(reason: RefusalReason, message: string, paths?: readonly string[]) {
    super(message);
    this.refusal = {
      kind: "refused",
      reason,
      message,
      ...(paths === undefined ? {} : { paths: paths.map(shownPath) }),
    };
  }
}

/** What a function answers, or why it refused. Everything else that it throws is a bug, or git's own failure. */
export async function orRefusal<T>(perform: () => Promise<T>): Promise<T | GitRefusal> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof GitRefused) return error.refusal;
    throw error;
  }
}

/** A path as git has it (bytes, one per character) as a person reads it. */
export function shownPath(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

const SHOWN = 10;

/** A refusal in words, with what stands in the way. */
export function shownRefusal({ message, paths = [] }: GitRefusal): string {
  if (paths.length === 0) return message;
  const more = paths.length > SHOWN ? ` and ${String(paths.length - SHOWN)} more` : "";
  return `${message} ${paths.slice(0, SHOWN).join(", ")}${more}`;
}

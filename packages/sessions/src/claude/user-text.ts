/** What a user record's text really is: Claude Code writes commands, their output and reminders as the user's words. */
export type UserText =
  | { readonly kind: "prompt"; readonly text: string }
  /** A slash command, or a shell command typed behind `!`. */
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "output"; readonly text: string }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "task"; readonly task: TaskNotification }
  /** Only text for the model: reminders, what is open in the editor. */
  | { readonly kind: "context" };

/** A background task's end, as it is told to the model. */
export interface TaskNotification {
  readonly taskId: string;
  readonly callId: string | undefined;
  readonly status: string;
  readonly summary: string;
  readonly result: string | undefined;
}

const INTERRUPTED = "[Request interrupted by user";
const CONTEXT_TAGS = [
  "system-reminder",
  "local-command-caveat",
  "ide_opened_file",
  "ide_selection",
  "ide_diagnostics",
  "user-prompt-submit-hook",
  "session-start-hook",
  "system-note",
];

/** The text between a tag and its end, if the text has both. */
function inside(text: string, tag: string): string | undefined {
  const open = `<${tag}>`;
  const start = text.indexOf(open);
  if (start < 0) return undefined;
  const end = text.indexOf(`</${tag}>`, start + open.length);
  return end < 0 ? undefined : text.slice(start + open.length, end);
}

/** Takes away what was put around the person's words for the model. Words that only quote a tag stay as they are. */
export function withoutContext(text: string): string {
  let rest = text.trim();
  for (let changed = true; changed;) {
    changed = false;
    for (const tag of CONTEXT_TAGS) {
      const close = `</${tag}>`;
      if (rest.startsWith(`<${tag}>`) && rest.includes(close)) {
        rest = rest.slice(rest.indexOf(close) + close.length).trimStart();
        changed = true;
      } else if (rest.endsWith(close) && rest.lastIndexOf(`\n<${tag}>`) >= 0) {
        rest = rest.slice(0, rest.lastIndexOf(`\n<${tag}>`)).trimEnd();
        changed = true;
      }
    }
  }
  return rest === text.trim() ? text : rest;
}

function taskOf(text: string): TaskNotification | undefined {
  const body = inside(text, "task-notification");
  const taskId = body === undefined ? undefined : inside(body, "task-id");
  if (body === undefined || taskId === undefined) return undefined;
  return {
    taskId: taskId.trim(),
    callId: inside(body, "tool-use-id")?.trim(),
    status: inside(body, "status")?.trim() ?? "",
    summary: inside(body, "summary")?.trim() ?? "",
    result: inside(body, "result"),
  };
}

function outputOf(text: string): string | undefined {
  const tags = ["local-command-stdout", "local-command-stderr", "bash-stdout", "bash-stderr"];
  if (!tags.some((tag) => text.startsWith(`<${tag}>`))) return undefined;
  const parts = tags.map((tag) => inside(text, tag)).filter((part) => part !== undefined && part !== "");
  return parts.join("\n");
}

function commandOf(text: string): string | undefined {
  if (text.startsWith("<bash-input>")) {
    const shell = inside(text, "bash-input");
    return shell === undefined ? undefined : `! ${shell}`;
  }
  if (!text.startsWith("<command-name>") && !text.startsWith("<command-message>")) return undefined;
  const name = inside(text, "command-name") ?? inside(text, "command-message");
  if (name === undefined) return undefined;
  const args = inside(text, "command-args")?.trim() ?? "";
  return [name.trim(), args].filter((part) => part !== "").join(" ");
}

export function readUserText(text: string): UserText {
  const trimmed = text.trim();
  if (trimmed.startsWith(INTERRUPTED)) {
    return { kind: "interrupted", reason: trimmed.slice(1).split("]")[0] ?? "interrupted by user" };
  }
  if (trimmed.startsWith("<task-notification>")) {
    const task = taskOf(trimmed);
    if (task !== undefined) return { kind: "task", task };
  }
  const output = outputOf(trimmed);
  if (output !== undefined) return { kind: "output", text: output };
  const command = commandOf(trimmed);
  if (command !== undefined) return { kind: "command", text: command };
  const words = withoutContext(text);
  return words === "" && trimmed !== "" ? { kind: "context" } : { kind: "prompt", text: words };
}

import type { TranscriptEvent, Usage } from "@skein/sessions";
import { safeLine, safeText } from "./safe-text.ts";
import type { Style } from "./style.ts";
import { cut } from "./table.ts";
import { duration, size } from "./time.ts";
import { summariseTool } from "./tool-summary.ts";

/** Lines of a result that are shown; the rest is counted. */
const RESULT_LINES = 12;
const LINE_LENGTH = 400;

/** One event of a transcript as lines for a terminal. No lines: there is nothing in it for a reader. */
export function renderEvent(event: TranscriptEvent, style: Style): string[] {
  switch (event.type) {
    case "session_init":
      return [style.dim(join("session", event.agent, event.model, event.cwd))];
    case "user_message":
      return ["", ...lines(event.text).map((line, at) => style.bold(`${at === 0 ? "❯" : " "} ${line}`))];
    case "user_message_queued":
      return [style.dim(`queued: ${safeLine(event.text)}`)];
    case "assistant_message":
      return ["", ...lines(event.text)];
    case "thinking":
      return thinking(event.summary ?? event.text ?? "", style);
    case "tool_call":
      return ["", `${style.cyan("●")} ${summariseTool(event.tool, event.input)}`];
    case "tool_result":
      return result(event, style);
    case "plan":
      return ["", ...event.items.map(({ text, status }) => `  ${PLAN_MARK[status]} ${safeLine(text)}`)];
    case "file_change":
      return event.changes.map(
        ({ path, kind, movedTo }) => `  ${kind} ${safeLine(join(path, movedTo && `→ ${movedTo}`))}`,
      );
    case "subagent":
      return [style.dim(`  sub-agent ${event.phase}${event.title === undefined ? "" : `: ${safeLine(event.title)}`}`)];
    case "permission_request":
    case "permission_response":
    case "question":
    case "answer":
      return renderRequest(event, style);
    case "turn_complete":
    case "turn_aborted":
    case "compaction":
    case "error":
    case "notice":
    case "title":
    case "takeover":
    case "handoff":
    case "session_end":
    case "unknown":
      return renderMark(event, style);
  }
}

type Only<Type extends TranscriptEvent["type"]> = Extract<TranscriptEvent, { type: Type }>;

/** What waits for a person, and what was answered. */
function renderRequest(
  event: Only<"permission_request" | "permission_response" | "question" | "answer">,
  style: Style,
): string[] {
  switch (event.type) {
    case "permission_request":
      return [
        "",
        style.yellow(`? may it run ${summariseTool(event.tool, event.input)}`),
        style.dim(`  answer with: skein approve|deny ID ${safeLine(event.requestId)}`),
      ];
    case "permission_response":
      return [style.dim(`  ${event.decision.replace("_", " for this ")}${by(event.user)}${note(event.message)}`)];
    case "question":
      return [
        "",
        ...event.questions.flatMap(({ question, options }) => [
          style.yellow(`? ${safeLine(question)}`),
          ...options.map(({ label }) => `  - ${safeLine(label)}`),
        ]),
      ];
    case "answer":
      return [
        style.dim(
          event.cancelled
            ? "  not answered"
            : `  ${Object.values(event.answers).map(safeLine).join(", ")}${by(event.user)}`,
        ),
      ];
  }
}

type Mark = Only<
  | "turn_complete"
  | "turn_aborted"
  | "compaction"
  | "error"
  | "notice"
  | "title"
  | "takeover"
  | "handoff"
  | "session_end"
  | "unknown"
>;

/** What nobody says but happened: ends, changes of hands, errors. */
function renderMark(event: Mark, style: Style): string[] {
  switch (event.type) {
    case "turn_complete":
      return [
        "",
        style.dim(divider(event.success === false ? "turn failed" : "turn complete", event.durationMs, event.usage)),
        "",
      ];
    case "turn_aborted":
      return ["", style.yellow(divider(`turn aborted: ${safeLine(event.reason)}${by(event.user)}`)), ""];
    case "compaction":
      return [style.dim(divider("context compacted"))];
    case "error":
      return [
        style.red(`error: ${safeLine(event.message)}${event.code === undefined ? "" : ` (${safeLine(event.code)})`}`),
      ];
    case "notice":
      return [style.dim(safeLine(event.text))];
    case "title":
      return [style.dim(`title: ${safeLine(event.title)}`)];
    case "takeover":
      return [style.yellow(divider(`taken over by ${safeLine(event.to)}`))];
    case "handoff":
      return [style.dim(divider(`handed over from ${safeLine(event.from)} to ${safeLine(event.to)}`))];
    case "session_end":
      return [style.dim(divider(`session ended${note(event.reason)}`))];
    case "unknown":
      return [style.dim(cut(`${safeLine(event.agent)}: ${safeLine(JSON.stringify(event.raw) ?? "")}`, LINE_LENGTH))];
  }
}

const PLAN_MARK = { pending: "☐", in_progress: "▸", completed: "☑" } as const;

function thinking(text: string, style: Style): string[] {
  return text.trim() === "" ? [] : ["", ...lines(text).map((line) => style.dim(`  ${line}`))];
}

function result(event: Extract<TranscriptEvent, { type: "tool_result" }>, style: Style): string[] {
  const all = event.output.trim() === "" ? [] : lines(event.output.trimEnd());
  const shown = all.slice(0, RESULT_LINES).map((line) => cut(line, LINE_LENGTH));
  const rest = all.length - shown.length;
  const look = event.isError ? style.red : style.dim;
  return [
    ...shown.map((line) => look(`  │ ${line}`)),
    ...(rest > 0 ? [style.dim(`  │ … ${rest} more lines`)] : []),
    ...(event.blob === undefined ? [] : [style.dim(`  │ … ${size(event.blob.size)} in all`)]),
    ...(event.exitCode === undefined || event.exitCode === 0 ? [] : [style.red(`  │ exit code ${event.exitCode}`)]),
  ];
}

function divider(text: string, durationMs?: number, usage?: Usage): string {
  const tokens =
    usage?.inputTokens === undefined && usage?.outputTokens === undefined
      ? undefined
      : `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out`;
  const cost = usage?.costUsd === undefined ? undefined : `$${usage.costUsd.toFixed(usage.costUsd < 0.1 ? 4 : 2)}`;
  return `── ${join(text, durationMs === undefined ? undefined : duration(durationMs), tokens, cost)} ──`;
}

function count(tokens = 0): string {
  return tokens < 1000 ? String(tokens) : `${(tokens / 1000).toFixed(1)}k`;
}

function join(...parts: (string | undefined | false)[]): string {
  return parts.filter((part) => typeof part === "string" && part !== "").join(" · ");
}

function by(user: string | undefined): string {
  return user === undefined ? "" : ` by ${safeLine(user)}`;
}

function note(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `: ${safeLine(text)}`;
}

function lines(text: string): string[] {
  return safeText(text).split("\n");
}

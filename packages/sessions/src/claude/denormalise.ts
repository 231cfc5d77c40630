import { commandOf } from "../codex/tool-names.ts";
import { derivedUuid } from "../derived-uuid.ts";
import {
  createCallIds,
  type Denormalised,
  type DenormaliseOptions,
  isoTime,
  prepare,
  SAFE_NAME,
} from "../handoff/denormalised.ts";
import type { PastCall, Picture, Step } from "../handoff/steps.ts";
import { BEGINNING, callAsText, summaryAsText } from "../handoff/tool-text.ts";
import type { NativeTranscriptRow } from "../resource.ts";

/**
 * A transcript as the records of a Claude Code session file, from which Claude Code goes on as if it had been there.
 * Deterministic: the same rows and options give the same records, ids included. Never throws.
 */
export function denormaliseClaude(rows: readonly NativeTranscriptRow[], options: DenormaliseOptions): Denormalised {
  const { steps, tally } = prepare(rows, options);
  const file = createFile(options);
  for (const step of startsWithPrompt(steps)) {
    switch (step.kind) {
      case "prompt":
        file.user(step.ts, contentOf(step.text, step.pictures));
        break;
      case "summary":
        file.user(step.ts, summaryAsText(step.text));
        break;
      case "answer":
        file.assistant(step.ts, { type: "text", text: step.text });
        break;
      case "calls":
        for (const call of writeCalls(file, step.calls)) {
          tally.unkeep("tool_call");
          tally.unkeep("tool_result");
          tally.keep("call_as_text");
          if (call.result.pictures.length > 0) tally.drop("attachment", call.result.pictures.length);
        }
    }
  }
  return { records: file.end(), kept: tally.kept(), dropped: tally.dropped() };
}

/** The model's API takes no conversation that begins with an answer. */
function startsWithPrompt(steps: readonly Step[]): readonly Step[] {
  const [first] = steps;
  if (first === undefined || first.kind === "prompt" || first.kind === "summary") return steps;
  return [{ kind: "prompt", ts: first.ts, text: BEGINNING, pictures: [] }, ...steps];
}

type SessionFile = ReturnType<typeof createFile>;

type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: object };

interface Assistant {
  message: { id: string; stop_reason: "end_turn" | "tool_use" };
}

/** Rows hang on each other in one line; the blocks that the model says in one go are one message. */
function createFile({ sessionId, cwd, title }: DenormaliseOptions) {
  const records: object[] = [];
  let parentUuid: string | null = null;
  let message: Assistant[] = [];
  const add = <T extends object>(type: "user" | "assistant", ts: number, fields: T): T => {
    const uuid = derivedUuid("claude-row", sessionId, String(records.length));
    const about = { isSidechain: false, userType: "external", cwd, sessionId, version: "2.1.0" };
    records.push({ parentUuid, ...about, type, uuid, timestamp: isoTime(ts), ...fields });
    parentUuid = uuid;
    return fields;
  };
  return {
    callId: createCallIds(
      (count) => `toolu_${derivedUuid("claude-call", sessionId, String(count)).replaceAll("-", "")}`,
    ),
    user(ts: number, content: unknown, fields: object = {}): void {
      message = [];
      add("user", ts, { message: { role: "user", content }, ...fields });
    },
    assistant(ts: number, block: Block): void {
      const id: string =
        message[0]?.message.id ??
        `msg_${derivedUuid("claude-message", sessionId, String(records.length)).replaceAll("-", "")}`;
      const stop = block.type === "tool_use" ? ("tool_use" as const) : ("end_turn" as const);
      const said = { id, type: "message", role: "assistant", content: [block], stop_reason: stop, stop_sequence: null };
      message.push(add("assistant", ts, { message: said }));
      // A message has one reason to stop: that of its last block.
      for (const row of message) row.message.stop_reason = stop;
    },
    end(): readonly object[] {
      if (title !== undefined) records.push({ type: "custom-title", customTitle: title, sessionId });
      return records;
    },
  };
}

/** Writes calls and behind them their results; answers with those that were told in words. */
function writeCalls(file: SessionFile, calls: readonly PastCall[]): PastCall[] {
  const told: PastCall[] = [];
  const results: (() => void)[] = [];
  const settle = () => results.splice(0).forEach((write) => write());
  for (const call of calls) {
    const known = claudeCall(call);
    if (known === undefined) {
      // A call and its result must not be parted by words.
      settle();
      file.assistant(call.ts, { type: "text", text: callAsText(call) });
      told.push(call);
      continue;
    }
    const id = file.callId(call.callId);
    file.assistant(call.ts, { type: "tool_use", id, ...known });
    results.push(() => writeResult(file, id, call));
  }
  settle();
  return told;
}

/** The call as one of Claude Code's tools; `undefined` when it has none for it. */
function claudeCall(call: PastCall): { name: string; input: object } | undefined {
  const { tool, originalTool, originalAgent, input } = call;
  if (originalAgent === "claude") return SAFE_NAME.test(originalTool) ? { name: originalTool, input } : undefined;
  if (tool === "web_search" && typeof input["query"] === "string") {
    return { name: "WebSearch", input: { query: input["query"] } };
  }
  const command = tool === "terminal" || tool === "file_read" ? commandOf(input) : undefined;
  return command === undefined ? undefined : { name: "Bash", input: { command } };
}

function writeResult(file: SessionFile, id: string, { tool, ts, result }: PastCall): void {
  const { output, isError, exitCode, pictures } = result;
  const failed = isError && exitCode !== undefined && exitCode !== 0 && !/^(?:Error: )?Exit code \d/.test(output);
  const text = failed ? `Exit code ${exitCode}\n${output}` : output;
  const block = { type: "tool_result", tool_use_id: id, content: contentOf(text, pictures), is_error: isError };
  const ended = tool === "terminal" && exitCode === 0 && !isError;
  const structured = ended ? { toolUseResult: { stdout: output, stderr: "", interrupted: false, isImage: false } } : {};
  file.user(ts, [block], structured);
}

function contentOf(text: string, pictures: readonly Picture[]): unknown {
  if (pictures.length === 0) return text;
  const images = pictures.map(({ mime, base64 }) => ({
    type: "image",
    source: { type: "base64", media_type: mime, data: base64 },
  }));
  return [...(text.trim() === "" ? [] : [{ type: "text", text }]), ...images];
}

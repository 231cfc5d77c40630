import {
  createCallIds,
  type Denormalised,
  type DenormaliseOptions,
  isoTime,
  prepare,
  SAFE_NAME,
} from "../handoff/denormalised.ts";
import { derivedUuid } from "../derived-uuid.ts";
import type { PastCall, PastResult, Picture } from "../handoff/steps.ts";
import { callAsText, summaryAsText } from "../handoff/tool-text.ts";
import type { NativeTranscriptRow } from "../resource.ts";
import { isPlain } from "./results.ts";

export interface DenormaliseCodexOptions extends DenormaliseOptions {
  /** The provider in whose name the thread goes on. Default `openai`. */
  readonly modelProvider?: string;
  /** Milliseconds. Default: when the first row happened. */
  readonly createdAt?: number;
}

/**
 * A transcript as the lines of a Codex rollout: the items that go to the model, and beside them the events by which
 * Codex shows prompts and answers. Deterministic; never throws.
 */
export function denormaliseCodex(rows: readonly NativeTranscriptRow[], options: DenormaliseCodexOptions): Denormalised {
  const { steps, tally } = prepare(rows, options);
  const rollout = createRollout(options, options.createdAt ?? rows[0]?.ts ?? 0);
  for (const step of steps) {
    switch (step.kind) {
      case "prompt":
        rollout.prompt(step.ts, step.text, step.pictures);
        break;
      case "summary":
        rollout.prompt(step.ts, summaryAsText(step.text), []);
        break;
      case "answer":
        rollout.answer(step.ts, step.text);
        break;
      case "calls":
        for (const call of rollout.calls(step.calls)) {
          tally.unkeep("tool_call");
          tally.unkeep("tool_result");
          tally.keep("call_as_text");
          if (call.result.pictures.length > 0) tally.drop("attachment", call.result.pictures.length);
        }
    }
  }
  return { records: rollout.lines, kept: tally.kept(), dropped: tally.dropped() };
}

function createRollout(options: DenormaliseCodexOptions, createdAt: number) {
  const { sessionId, cwd, modelProvider = "openai" } = options;
  const timestamp = isoTime(createdAt);
  const meta = { id: sessionId, timestamp, cwd, originator: "skein", cli_version: "0.163.0", source: "cli" };
  const lines: object[] = [
    { timestamp, type: "session_meta", payload: { ...meta, model_provider: modelProvider, history_mode: "legacy" } },
  ];
  const item = (ts: number, payload: object) =>
    void lines.push({ timestamp: isoTime(ts), type: "response_item", payload });
  const event = (ts: number, payload: object) =>
    void lines.push({ timestamp: isoTime(ts), type: "event_msg", payload });
  const answer = (ts: number, text: string): void => {
    event(ts, { type: "agent_message", message: text });
    item(ts, { type: "message", role: "assistant", content: [{ type: "output_text", text }] });
  };
  const callIds = createCallIds(
    (count) => `call_${derivedUuid("codex-call", sessionId, String(count)).replaceAll("-", "")}`,
  );
  return {
    lines,
    answer,
    prompt(ts: number, text: string, pictures: readonly Picture[]): void {
      const words = text.trim() === "" ? [] : [{ type: "input_text", text }];
      item(ts, { type: "message", role: "user", content: [...words, ...pictures.map(imageOf)] });
      const images = pictures.length === 0 ? {} : { images: pictures.map(urlOf) };
      event(ts, { type: "user_message", message: text, ...images });
    },
    /** Writes calls and behind them their results; answers with those that were told in words. */
    calls(calls: readonly PastCall[]): PastCall[] {
      const told: PastCall[] = [];
      const outputs: (() => void)[] = [];
      const settle = () => outputs.splice(0).forEach((write) => write());
      for (const call of calls) {
        const known = codexCall(call);
        if (known === undefined) {
          settle();
          answer(call.ts, callAsText(call));
          told.push(call);
          continue;
        }
        const id = callIds(call.callId);
        item(call.ts, { ...known, call_id: id });
        outputs.push(() => item(call.ts, { type: `${known.type}_output`, call_id: id, output: outputOf(call.result) }));
      }
      settle();
      return told;
    },
  };
}

type CodexCall =
  | { readonly type: "function_call"; readonly name: string; readonly arguments: string }
  | { readonly type: "custom_tool_call"; readonly name: string; readonly input: string; readonly status: "completed" };

/** Items of the provider's own, which nobody else may make. */
const PROVIDERS_OWN: ReadonlySet<string> = new Set([
  "web_search",
  "web_fetch",
  "image_generation",
  "tool_search",
  "local_shell",
]);

/** The call as one of Codex's tools; `undefined` when it has none for it. */
function codexCall({ tool, originalTool, originalAgent, input }: PastCall): CodexCall | undefined {
  if (originalAgent === "codex") {
    if (!SAFE_NAME.test(originalTool) || PROVIDERS_OWN.has(originalTool)) return undefined;
    const { input: free } = input;
    if (typeof free === "string" && Object.keys(input).length === 1) {
      return { type: "custom_tool_call", name: originalTool, input: free, status: "completed" };
    }
    return { type: "function_call", name: originalTool, arguments: JSON.stringify(input) };
  }
  if (tool !== "terminal" || typeof input["command"] !== "string") return undefined;
  return { type: "function_call", name: "exec_command", arguments: JSON.stringify({ cmd: input["command"] }) };
}

/** A result in the form in which Codex itself writes how a command ended. */
function outputOf({ output, isError, exitCode, pictures }: PastResult): unknown {
  const told = exitCode !== undefined && (exitCode !== 0) === isError;
  const text = told ? `Process exited with code ${exitCode}\nOutput:\n${output}` : plain(output, isError);
  return pictures.length === 0 ? text : [{ type: "input_text", text }, ...pictures.map(imageOf)];
}

/** Words that would be taken for how a command ended, or a failure that does not say so, get a line in front. */
function plain(output: string, isError: boolean): string {
  if (isPlain(output, isError)) return output;
  return isError ? `Wall time: unknown\nOutput:\nexecution error: ${output}` : `Wall time: unknown\nOutput:\n${output}`;
}

const urlOf = ({ mime, base64 }: Picture) => `data:${mime};base64,${base64}`;
const imageOf = (picture: Picture) => ({ type: "input_image", image_url: urlOf(picture) });

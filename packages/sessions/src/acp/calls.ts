import { boundInput, boundText, OUTPUT_LIMIT } from "../bounds.ts";
import type { Attachment, FileChange } from "../events.ts";
import { remember } from "../output.ts";
import { imageOf, textOf } from "./content.ts";
import { unifiedDiff } from "./diff.ts";
import { outputOf } from "./result.ts";
import type { AcpCall, AcpOutput, AcpState } from "./state.ts";
import { closeText } from "./texts.ts";
import { acpToolName } from "./tool-names.ts";
import type { ToolUpdate } from "./updates.ts";

/** Of one call's output while it runs; the row has both of its ends. */
const MAX_STREAMED = 64 * 1024;

/** What an update says of a call: its row when its input is known, its output as it comes, its result at its end. */
export function updateCall(out: AcpOutput, update: ToolUpdate): AcpCall {
  const call = callOf(out.state, update);
  if (call.done) return call;
  take(call, update);
  const { status } = update;
  if (!call.shown && (status === "in_progress" || status === "completed" || status === "failed")) showCall(out, call);
  const ended = status === "completed" || status === "failed";
  if (!ended) stream(out, call, update);
  else showResult(out, call, status === "failed");
  return call;
}

/** The rows of calls that were announced and not shown: what was awaited of their input does not come any more. */
export function showCalls(out: AcpOutput): void {
  for (const call of out.state.calls.values()) if (!call.shown) showCall(out, call);
}

export function showCall(out: AcpOutput, call: AcpCall): void {
  if (call.shown) return;
  call.shown = true;
  closeText(out, call.parentCallId);
  const { callId } = call;
  const payload = { v: 1, type: "tool_call", callId, ...shownCall(call), originalAgent: out.state.agent } as const;
  out.of(call.parentCallId).row(`${callId}:call`, payload, { callId });
}

/** A call as rows show it. */
export function shownCall(call: AcpCall): { tool: string; originalTool: string; input: Record<string, unknown> } {
  const tool = acpToolName(call.name, call.kind);
  const told = hasInput(call.input) ? call.input : undefined;
  const paths = call.paths.length === 0 ? {} : { paths: [...call.paths] };
  const input = told ?? (tool === "terminal" ? { command: call.title, ...paths } : { title: call.title, ...paths });
  return { tool, originalTool: call.name ?? call.kind ?? "tool", input: boundInput(input) };
}

function callOf(state: AcpState, { toolCallId, title, _meta: meta }: ToolUpdate): AcpCall {
  const id = `${state.promptId}:${toolCallId}`;
  const known = state.calls.get(id);
  if (known !== undefined) return known;
  const call: AcpCall = {
    callId: id,
    parentCallId: parentOf(state, meta),
    title: title ?? "",
    name: undefined,
    kind: undefined,
    input: undefined,
    content: [],
    paths: [],
    rawOutput: undefined,
    streamed: "",
    exitCode: undefined,
    shown: false,
    done: false,
  };
  remember(state.calls, id, call);
  return call;
}

/** Whose call it is: sub-agents are told of by their agents each in its own way. */
export function parentOf(state: AcpState, meta: ToolUpdate["_meta"]): string | undefined {
  const claude = meta?.["claudeCode"];
  if (typeof claude !== "object" || claude === null || !("parentToolUseId" in claude)) return undefined;
  const { parentToolUseId: id } = claude;
  return typeof id === "string" && id !== "" ? `${state.promptId}:${id}` : undefined;
}

function take(call: AcpCall, update: ToolUpdate): void {
  call.title = update.title ?? call.title;
  call.name = update.name ?? call.name;
  call.kind = update.kind ?? call.kind;
  if (hasInput(update.rawInput)) call.input = update.rawInput;
  if (update.content) call.content = update.content;
  if (update.locations) call.paths = update.locations.map(({ path }) => path);
  if (update.rawOutput !== undefined) call.rawOutput = update.rawOutput;
}

function hasInput(input: unknown): input is object {
  return typeof input === "object" && input !== null && Object.keys(input).length > 0;
}

/** Output of a call that runs: in pieces, or as a whole that grows. */
function stream(out: AcpOutput, call: AcpCall, update: ToolUpdate): void {
  const piece = pieceIn(update._meta);
  const whole = update.content?.map(({ content }) => textOf(content)).join("") ?? "";
  const grown = whole.startsWith(call.streamed) ? whole.slice(call.streamed.length) : "";
  // What stands in the content before the call runs is a description of it.
  const text = piece ?? (call.shown ? grown : "");
  if (text === "") return;
  showCall(out, call);
  const room = Math.max(0, MAX_STREAMED - call.streamed.length);
  if (room > 0) {
    out.deltas.push({
      key: resultKey(call),
      kind: "tool_output",
      callId: call.callId,
      at: call.streamed.length,
      text: text.slice(0, room),
      ...(call.parentCallId === undefined ? {} : { parentCallId: call.parentCallId }),
    });
  }
  call.streamed = (call.streamed + text).slice(0, OUTPUT_LIMIT * 16);
}

function pieceIn(meta: ToolUpdate["_meta"]): string | undefined {
  const delta = meta?.["terminal_output_delta"];
  if (typeof delta !== "object" || delta === null || !("data" in delta)) return undefined;
  return typeof delta.data === "string" ? delta.data : undefined;
}

function resultKey({ callId }: AcpCall): string {
  return `${callId}:result`;
}

function showResult(out: AcpOutput, call: AcpCall, failed: boolean): void {
  call.done = true;
  const { callId } = call;
  const output = out.of(call.parentCallId);
  const { text, exitCode } = outputOf(call);
  const { text: shown, blob } = boundText(text, OUTPUT_LIMIT, output.sink);
  const images = call.content.flatMap<Attachment>(({ content }) => imageOf(content, output.sink) ?? []);
  const result = {
    v: 1,
    type: "tool_result",
    callId,
    output: shown,
    isError: failed || (exitCode !== undefined && exitCode !== 0),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(blob === undefined ? {} : { blob }),
    ...(images.length === 0 ? {} : { attachments: images }),
  } as const;
  output.row(resultKey(call), result, { callId, liveKey: resultKey(call) });
  const changes = failed ? [] : call.content.flatMap<FileChange>((one) => changeOf(one) ?? []);
  if (changes.length > 0) output.row(`${callId}:files`, { v: 1, type: "file_change", callId, changes }, { callId });
}

function changeOf({ type, path, oldText, newText }: AcpCall["content"][number]): FileChange | undefined {
  if (type !== "diff" || path === undefined || newText === undefined) return undefined;
  const diff = unifiedDiff(oldText ?? "", newText);
  const kind = oldText === undefined || oldText === null ? "add" : "edit";
  // A diff that is too long to be read says nothing.
  return { path, kind, ...(diff.length > OUTPUT_LIMIT ? {} : { diff }) };
}

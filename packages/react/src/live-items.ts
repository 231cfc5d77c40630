import type { LiveItem, LiveState } from "./live-deltas.ts";
import type { ToolItem, TranscriptItem } from "./transcript-items.ts";

/**
 * Puts what is being written now behind the history: text and thinking as items that grow, a call's input and output
 * into the call. An item keeps its key when the completed row replaces it, so nothing on the page jumps.
 */
export function withLive(items: readonly TranscriptItem[], live: LiveState): readonly TranscriptItem[] {
  if (live.items.size === 0) return items;
  const position = (items.at(-1)?.position ?? 0) + 1;
  let merged: TranscriptItem[] = [...items];
  for (const delta of live.items.values()) merged = place(merged, delta, position);
  return merged;
}

function place(items: TranscriptItem[], delta: LiveItem, position: number): TranscriptItem[] {
  if (delta.parentCallId !== undefined) {
    const nested = patchTool(items, delta.parentCallId, (tool) => ({
      ...tool,
      children: place([...tool.children], { ...delta, parentCallId: undefined }, position),
    }));
    return nested ?? items;
  }
  switch (delta.kind) {
    case "text":
    case "thinking":
      return [...items, streamingText(delta, position)];
    case "tool_input": {
      const callId = delta.callId ?? delta.key;
      const patched = patchTool(items, callId, (tool) => tool);
      return patched ?? [...items, preparingTool(delta, callId, position)];
    }
    case "tool_output": {
      if (delta.callId === undefined) return items;
      return patchTool(items, delta.callId, (tool) => ({ ...tool, liveOutput: delta.text })) ?? items;
    }
  }
}

/** Calls at work stand near the end, so the search runs backwards. */
function patchTool(
  items: readonly TranscriptItem[],
  callId: string,
  change: (tool: ToolItem) => ToolItem,
): TranscriptItem[] | undefined {
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.kind !== "tool") continue;
    if (item.callId === callId) return items.with(index, change(item));
    const children = item.children.length === 0 ? undefined : patchTool(item.children, callId, change);
    if (children !== undefined) return items.with(index, { ...item, children });
  }
  return undefined;
}

function streamingText(delta: LiveItem, position: number): TranscriptItem {
  return {
    kind: delta.kind === "thinking" ? "thinking" : "assistant",
    key: delta.key,
    row: delta.key,
    position,
    ts: 0,
    text: delta.text,
    streaming: true,
    cut: delta.base > 0,
  };
}

function preparingTool(delta: LiveItem, callId: string, position: number): ToolItem {
  return {
    kind: "tool",
    key: `call:${delta.runId}:${callId}`,
    row: delta.key,
    position,
    ts: 0,
    callId,
    tool: "",
    originalTool: "",
    input: {},
    result: undefined,
    resultPosition: undefined,
    state: "preparing",
    liveInput: delta.text,
    liveOutput: undefined,
    changes: undefined,
    children: [],
  };
}

import type { TranscriptItem } from "@skein/react";
import { agentName, cost, count, duration, personName, shortPath, tokens } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";

type MarkerEvent = Extract<TranscriptItem, { kind: "marker" }>["event"];
type TurnEvent = Extract<TranscriptItem, { kind: "turn" }>["event"];
type CompactionEvent = Extract<TranscriptItem, { kind: "compaction" }>["event"];

/** The words on a divider. Pure. */
export function markerText(event: MarkerEvent): string {
  switch (event.type) {
    case "session_init": {
      const where = event.cwd === undefined ? "" : ` in ${shortPath(event.cwd)}`;
      return oneLine(`${agentName(event.agent)}${event.model === undefined ? "" : ` · ${event.model}`}${where}`);
    }
    case "notice":
      return oneLine(event.text, 400);
    case "title":
      return oneLine(`Titled “${event.title}”`);
    case "takeover":
      return oneLine(
        `${personName(event.to)} took over${event.from === undefined ? "" : ` from ${personName(event.from)}`}`,
      );
    case "handoff":
      return oneLine(
        `Handed from ${agentName(event.from)} to ${agentName(event.to)}: kept ${amounts(event.kept)}, left out ${amounts(event.dropped)}`,
      );
    case "session_end":
      return oneLine(event.reason === undefined ? "Session ended" : `Session ended: ${event.reason}`);
    case "subagent": {
      const what = event.title ?? event.agentId ?? "";
      return oneLine(`Sub-agent ${event.phase === "start" ? "started" : "finished"}${what === "" ? "" : `: ${what}`}`);
    }
  }
}

export function turnText({ durationMs, usage, success }: TurnEvent): string {
  const parts = [
    success === false ? "Turn failed" : "",
    durationMs === undefined ? "" : duration(durationMs),
    usage?.inputTokens === undefined ? "" : `${tokens(usage.inputTokens + (usage.cachedInputTokens ?? 0))} in`,
    usage?.outputTokens === undefined ? "" : `${tokens(usage.outputTokens)} out`,
    usage?.costUsd === undefined ? "" : cost(usage.costUsd),
  ].filter(Boolean);
  return parts.length === 0 ? "Turn complete" : parts.join(" · ");
}

export function compactionText({ tokensBefore, tokensAfter, trigger }: CompactionEvent): string {
  const sizes =
    tokensBefore === undefined
      ? ""
      : `: ${tokens(tokensBefore)} tokens${tokensAfter === undefined ? "" : ` → ${tokens(tokensAfter)}`}`;
  return oneLine(`Context compacted${sizes}${trigger === undefined ? "" : ` (${trigger})`}`);
}

function amounts(kinds: Readonly<Record<string, number>>): string {
  // Some are named by their event's type, some in the plural.
  const parts = Object.entries(kinds).map(([kind, amount]) =>
    count(amount, kind.replaceAll("_", " ").replace(/s$/, "")),
  );
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

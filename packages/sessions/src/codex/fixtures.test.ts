import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codingSessionTranscriptRow, type NativeTranscriptRow } from "../resource.ts";
import { loadCodexSession } from "../node/codex/read.ts";
import { inspectSession } from "../node/inspect.ts";
import { collect, fixtures, hasShared, NO_SHARED } from "../testing/fixtures.ts";

type Said = [kind: "prompt" | "text" | "thinking" | "call" | "result", what: string];

/** A second, naive reader that shares nothing with the translator: the items of the conversation, and the prompts. */
// oxlint-disable-next-line typescript/no-explicit-any -- naive on purpose: no schema stands between it and the JSON
function saidIn(lines: any[]): Said[] {
  return lines.flatMap(({ type, payload: p }): Said[] => {
    if (type === "event_msg" && p.type === "user_message") return [["prompt", p.message]];
    if (type === "event_msg" && p.type === "item_completed" && p.item.type === "UserMessage")
      return [["prompt", p.item.content[0].text]];
    if (type !== "response_item") return [];
    if (p.type === "message" && p.role === "assistant")
      return [["text", p.content.map((c: { text: string }) => c.text).join("")]];
    if (p.type === "reasoning") return [["thinking", p.summary.map((s: { text: string }) => s.text).join("\n\n")]];
    if (p.type === "web_search_call")
      return [
        ["call", p.id],
        ["result", p.id],
      ];
    if (p.type.endsWith("_call")) return [["call", p.call_id]];
    if (p.type.endsWith("_output")) return [["result", p.call_id]];
    return [];
  });
}

function saidInTranscript(rows: readonly NativeTranscriptRow[]): Said[] {
  return rows.flatMap(({ payload }): Said[] => {
    if (payload.type === "user_message") return [["prompt", payload.text]];
    if (payload.type === "assistant_message") return [["text", payload.text]];
    if (payload.type === "thinking") return [["thinking", payload.summary ?? ""]];
    if (payload.type === "tool_call") return [["call", payload.callId]];
    if (payload.type === "tool_result") return [["result", payload.callId]];
    return [];
  });
}

const linesIn = (path: string): unknown[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): unknown => JSON.parse(line));

const { all, shared } = fixtures("codex");

test.skipIf(!hasShared)(`[TR4] real rollouts are among those that are read${hasShared ? "" : `: ${NO_SHARED}`}`, () => {
  expect(shared.length).toBeGreaterThan(0);
});

describe.each(all)("$name", ({ path }) => {
  test("[TR4] has every prompt, text, thought, call and result of the rollout once, in order", async () => {
    const rows = await collect(loadCodexSession({ path }));
    const main = rows.filter((row) => row.parentCallId === undefined);
    expect(saidInTranscript(main)).toEqual(saidIn(linesIn(path)));
  });

  test("[TR5] gives the same rows every time, each under a key of its own and of the schema", async () => {
    const once = await collect(loadCodexSession({ path }));
    expect(await collect(loadCodexSession({ path }))).toEqual(once);
    expect(new Set(once.map((row) => row.key)).size).toBe(once.length);
    for (const row of once) expect(codingSessionTranscriptRow.parse(row)).toEqual(row);
  });

  test("[TR29] every line is counted, and what is not shown is listed", async () => {
    const inspection = await inspectSession({ path });
    if (inspection.kind !== "inspected") throw new Error(inspection.message);
    const { census } = inspection;
    const counted = Object.values(census.native).reduce((a, b) => a + b, 0);
    expect(counted).toBe(census.lines + census.files.reduce((sum, file) => sum + file.lines, 0));
    expect(census.agent).toBe("codex");
    expect(census.events["unknown"] ?? 0).toBe(path.includes("0000-7000-8000-000000000001") ? 1 : 0);
  });
});

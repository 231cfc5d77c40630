import { readdirSync, readFileSync, existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codingSessionTranscriptRow, type NativeTranscriptRow } from "../resource.ts";
import { loadClaudeSession } from "../node/claude/load.ts";
import { collect, fixtures, hasShared, NO_SHARED } from "../testing/fixtures.ts";

/**
 * A second, naive reader, which shares nothing with the translator: what people and agents said and did in a file, by
 * looking at the JSON alone. It knows the four forms in which Claude Code writes something else as the user's words.
 */
type Said = [kind: "prompt" | "text" | "thinking" | "call" | "result", what: string];

const NOT_TYPED = /^\s*(<command-|<local-command-|<task-notification>|<bash-|<system-reminder>|\[Request interrupted)/;

// oxlint-disable-next-line typescript/no-explicit-any -- naive on purpose: no schema stands between it and the JSON
function saidIn(rows: any[]): Said[] {
  const said: Said[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    if (row === null || typeof row !== "object" || (row.type !== "user" && row.type !== "assistant")) continue;
    if (seen.has(row.uuid)) continue;
    seen.add(row.uuid);
    const { content } = row.message;
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    if (row.type === "assistant") {
      if (row.isApiErrorMessage) continue;
      for (const block of blocks) {
        if (block.type === "text" && block.text.trim()) said.push(["text", block.text]);
        if (block.type === "thinking") said.push(["thinking", block.thinking]);
        if (block.type === "tool_use") said.push(["call", block.id]);
      }
      continue;
    }
    for (const block of blocks) if (block.type === "tool_result") said.push(["result", block.tool_use_id]);
    if (row.isMeta || row.isCompactSummary) continue;
    const text = blocks.map((block: { text?: string }) => block.text ?? "").join("");
    if (text.trim() && !NOT_TYPED.test(text)) said.push(["prompt", text]);
  }
  return said;
}

function rowsIn(path: string): unknown[] {
  const rows = [];
  for (const line of readFileSync(path, "utf8").split("\n")) if (line.trim()) rows.push(JSON.parse(line));
  return rows;
}

function saidInTranscript(rows: readonly NativeTranscriptRow[]): Said[] {
  return rows.flatMap(({ payload }): Said[] => {
    if (payload.type === "user_message") return [["prompt", payload.text]];
    if (payload.type === "assistant_message") return [["text", payload.text]];
    if (payload.type === "thinking") return [["thinking", payload.text ?? ""]];
    if (payload.type === "tool_call") return [["call", payload.callId]];
    if (payload.type === "tool_result") return [["result", payload.callId]];
    return [];
  });
}

const { sessions, shared } = fixtures("claude");

test.skipIf(!hasShared)(`[TR4] real sessions are among those that are read${hasShared ? "" : `: ${NO_SHARED}`}`, () => {
  expect(shared.length).toBeGreaterThan(0);
});

describe.each(sessions)("$name", ({ path }) => {
  test("[TR4] has every prompt, text, thought, call and result of the session once, in order", async () => {
    const rows = await collect(loadClaudeSession({ path }));
    const main = rows.filter((row) => row.parentCallId === undefined);
    expect(saidInTranscript(main)).toEqual(saidIn(rowsIn(path)));
  });

  test("[TR11] has everything that its sub-agents said and did, under their calls", async () => {
    const folder = path.replace(/\.jsonl$/, "/subagents");
    const rows = await collect(loadClaudeSession({ path }));
    const nested = rows.filter((row) => row.parentCallId !== undefined);
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
    const expected = files.flatMap((name) => saidIn(rowsIn(`${folder}/${name}`)));
    const byText = (a: Said, b: Said) => (String(a) < String(b) ? -1 : 1);
    expect(saidInTranscript(nested).sort(byText)).toEqual(expected.sort(byText));
    const calls = new Set(rows.filter((row) => row.type === "tool_call").map((row) => row.callId));
    for (const row of nested) expect(calls).toContain(row.parentCallId);
  });

  test("[TR5] gives the same rows every time, each under a key of its own and of the schema", async () => {
    const once = await collect(loadClaudeSession({ path }));
    expect(await collect(loadClaudeSession({ path }))).toEqual(once);
    expect(new Set(once.map((row) => row.key)).size).toBe(once.length);
    for (const row of once) {
      expect(codingSessionTranscriptRow.parse(row)).toEqual(row);
      expect(row.key.length).toBeLessThanOrEqual(512);
    }
  });

  test("[TR9] ends each turn once", async () => {
    const rows = await collect(loadClaudeSession({ path }));
    const ends = rows.filter((row) => row.type === "turn_complete" || row.type === "turn_aborted");
    expect(new Set(ends.map((row) => row.key)).size).toBe(ends.length);
    const prompts = rows.filter((row) => row.type === "user_message" && row.parentCallId === undefined).length;
    expect(ends.length).toBeGreaterThanOrEqual(Math.min(1, prompts - 1));
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatCensus } from "../census-text.ts";
import { SKIP_REASONS } from "../normalised.ts";
import { fixtures, OWN_SESSION, ownClaude, recordsOf } from "../testing/fixtures.ts";
import { inspectSession } from "./inspect.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "skein-inspect-"))));
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function censusOf(path: string) {
  const inspection = await inspectSession({ path });
  if (inspection.kind !== "inspected") throw new Error(inspection.message);
  return inspection.census;
}

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

test("[TR29] a census has the kinds of rows in, the types of events out, and every row that is not shown", async () => {
  const census = await censusOf(ownClaude);
  expect(census).toMatchObject({
    agent: "claude",
    lines: 32,
    files: [{ path: "subagents/agent-a1b2c3.jsonl", lines: 4 }],
    session: { id: OWN_SESSION, title: "Basket total", cwd: "/work/shop", agentVersion: "2.1.330" },
    native: { user: 16, assistant: 13, "attachment/environment": 1, "a-row-of-tomorrow": 1 },
    blocks: { "assistant tool_use": 8, "user tool_result": 8, "user image": 1 },
    events: { tool_call: 8, tool_result: 8, user_message: 4, assistant_message: 4, compaction: 1, unknown: 1 },
    reasons: { queue: 2, context: 1, "turn-end": 1 },
  });
  expect(census.notShown).toContainEqual({
    line: 4,
    kind: "attachment/environment",
    reason: "context",
    detail: "environment",
  });
});

describe.each(fixtures("claude").sessions)("$name", ({ path }) => {
  test("[TR29] every line is counted, and every one that is not shown is listed", async () => {
    const census = await censusOf(path);
    const lines = census.lines + census.files.reduce((all, file) => all + file.lines, 0);
    expect(sum(census.native)).toBe(lines);
    expect(sum(census.reasons)).toBe(census.notShown.length);
    for (const reason of Object.keys(census.reasons)) expect(SKIP_REASONS).toHaveProperty(reason);
    expect(recordsOf(path).length).toBeLessThanOrEqual(census.lines);
  });
});

test("[TR29] the text of a census names every row that is not shown and cannot steer a terminal", async () => {
  const text = formatCensus(await censusOf(ownClaude));
  expect(text).toContain("Claude Code session");
  expect(text).toMatch(/line 14\s+system\/turn_duration\s+turn-end/);
  const path = join(folder, "steer.jsonl");
  await writeFile(
    path,
    `${JSON.stringify({ type: "\u001b[2Jx", uuid: "a" })}\n${JSON.stringify({ type: "custom-title", customTitle: "\u001b]0;y\u0007" })}\n`,
  );
  const steering = formatCensus(await censusOf(path));
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  expect(steering).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

test("[TR29] what is no session file of an agent says so", async () => {
  const write = async (name: string, content: string) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return inspectSession({ path });
  };
  expect((await inspectSession({ path: join(folder, "nothing") })).kind).toBe("unreadable");
  expect((await inspectSession({ path: folder })).kind).toBe("unreadable");
  expect((await write("empty", "")).kind).toBe("unsupported");
  expect((await write("prose.txt", "Dear diary,\n")).kind).toBe("unsupported");
  expect((await write("numbers", "1\n[2]\n")).kind).toBe("unsupported");
});

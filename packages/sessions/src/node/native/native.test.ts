import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClaudeNormaliser } from "../../claude/normalise.ts";
import { SESSION_FILE, type NativeRecord } from "../../native-records.ts";
import { claudeNativeFiles } from "./claude-files.ts";
import { codexNativeFiles } from "./codex-files.ts";
import { commonPrefix, firstLineLength } from "./compare.ts";
import { cutAtRow } from "./cut.ts";
import { fileRuns } from "./runs.ts";
import { openNativeStage } from "./stage.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skein-native-"));
});
afterEach(() => rm(folder, { recursive: true }));

function record(file: string, offset: number, bytes: Uint8Array): NativeRecord {
  return { kind: "bytes", key: `${file}@${offset}`, file, offset, base64: Buffer.from(bytes).toString("base64") };
}

test("[FK4] whatever is written, in whatever pieces: copied in runs it is the same up to its last whole line", async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constant(Buffer.from("\n")),
    fc.constant(Buffer.from(`{"ünï":"✓"}\n`)),
    fc.constant(Buffer.alloc(300 * 1024, "long")),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const path = join(folder, "growing.jsonl");
      await writeFile(path, "");
      const stage = await openNativeStage(folder);
      let from = 0;
      for (const bytes of pieces) {
        await appendFile(path, bytes);
        for await (const run of fileRuns(path, from)) {
          expect(run.offset).toBe(from);
          expect(run.bytes.length).toBeLessThanOrEqual(256 * 1024);
          const made = record(SESSION_FILE, run.offset, run.bytes);
          // Twice is once.
          await stage.apply([made, made]);
          from += run.bytes.length;
        }
      }
      const all = Buffer.concat(pieces);
      const whole = all.subarray(0, all.lastIndexOf(10) + 1);
      const copy = stage.path();
      const copied = copy === undefined ? Buffer.alloc(0) : await readFile(copy);
      expect([copied.length, copied.equals(whole)]).toEqual([whole.length, true]);
      await stage.remove();
    }),
    { numRuns: 20 },
  );
});

test("[FK4] a stage follows cuts and beginnings, is nobody else's, and takes no name that leads out of it", async () => {
  const stage = await openNativeStage(folder);
  await stage.apply([
    record(SESSION_FILE, 0, Buffer.from("one\ntwo\n")),
    record("subagents/agent-a.jsonl", 0, Buffer.from("sub\n")),
    record("threads/019b0000-0000-7000-8000-000000000001.jsonl", 0, Buffer.from("base\n")),
    { kind: "cut", key: "c", file: SESSION_FILE, offset: 4 },
    record(SESSION_FILE, 4, Buffer.from("three\n")),
  ]);
  const path = stage.path() ?? "";
  expect(await readFile(path, "utf8")).toBe("one\nthree\n");
  expect(await readFile(join(path, "../session/subagents/agent-a.jsonl"), "utf8")).toBe("sub\n");
  expect(stage.threads()).toMatchObject([{ id: "019b0000-0000-7000-8000-000000000001" }]);
  expect([(await stat(path)).mode & 0o777, (await stat(join(path, ".."))).mode & 0o777]).toEqual([0o600, 0o700]);
  for (const file of ["../x", "subagents/agent-../x.jsonl", "threads/x.jsonl", "/etc/passwd"]) {
    await expect(stage.apply([record(file, 0, Buffer.from("x"))])).rejects.toThrow("no file of a session");
  }
  await stage.apply([{ kind: "begin", key: "b", agent: "codex" }]);
  expect([stage.path(), stage.threads()]).toEqual([undefined, []]);
  await stage.remove();
  await expect(stat(path)).rejects.toThrow("ENOENT");
});

test("[FK1] what belongs to a session: its file, its sub-agents' files and notes, the threads that it continues", async () => {
  const own = join(folder, "s.jsonl");
  await mkdir(join(folder, "s/subagents"), { recursive: true });
  for (const name of ["agent-1.jsonl", "agent-1.meta.json", "other.txt"]) {
    await writeFile(join(folder, "s/subagents", name), "{}\n");
  }
  expect((await claudeNativeFiles(own)).map(({ name, rewritten }) => [name, rewritten])).toEqual([
    [SESSION_FILE, false],
    ["subagents/agent-1.jsonl", false],
    ["subagents/agent-1.meta.json", true],
  ]);

  const [base, fork] = ["019b0000-0000-7000-8000-000000000001", "019b0000-0000-7000-8000-000000000002"];
  const day = join(folder, "sessions/2026/11/20");
  await mkdir(day, { recursive: true });
  const meta = (id: string, of?: string) =>
    `${JSON.stringify({
      timestamp: "2026-11-20T09:00:00.000Z",
      type: "session_meta",
      payload: { id, ...(of && { history_base: { thread_id: of, end_ordinal_exclusive: 3 } }) },
    })}\n`;
  const pathOf = (id: string) => join(day, `rollout-2026-11-20T09-00-00-${id}.jsonl`);
  await writeFile(pathOf(base), meta(base));
  await writeFile(pathOf(fork), meta(fork, base));
  expect(await codexNativeFiles(pathOf(fork))).toEqual([
    { name: SESSION_FILE, path: pathOf(fork), rewritten: false },
    { name: `threads/${base}.jsonl`, path: pathOf(base), rewritten: false },
  ]);
});

test("[FK11] a file is cut behind the last line of what the transcript keeps; one that lacks something is not complete", async () => {
  const user = (uuid: string, parentUuid: string | null, content: unknown) => ({
    type: "user",
    uuid,
    parentUuid,
    message: { role: "user", content },
  });
  const said = (uuid: string, parentUuid: string, text: string) => ({
    type: "assistant",
    uuid,
    parentUuid,
    message: { id: `m${uuid}`, role: "assistant", content: [{ type: "text", text }], stop_reason: "end_turn" },
  });
  const lines = [
    user("p1", null, "one"),
    said("a1", "p1", "first"),
    { type: "mode" },
    user("p2", "a1", "two"),
    said("a2", "p2", "second"),
  ];
  const path = join(folder, "s.jsonl");
  await writeFile(path, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  const cutFor = (keys: readonly string[], lastKey: string | undefined) =>
    cutAtRow(path, createClaudeNormaliser(), { has: (key) => keys.includes(key), lastKey });
  const first = ["p1", "a1:0", "p1:end"];
  expect(await cutFor(first, "a1:0")).toEqual({ lines: 2, offset: lengthOf(lines.slice(0, 2)), complete: true });
  expect(await cutFor([...first, "p2"], "a1:0")).toMatchObject({ lines: 4, complete: true });
  expect(await cutFor([...first, "p2", "a2:0"], "a2:0")).toMatchObject({ lines: 5, complete: true });
  expect(await cutFor([...first, "late"], "late")).toMatchObject({ lines: 2, complete: false });
  expect(await cutFor([], undefined)).toEqual({ lines: 0, offset: 0, complete: true });
});

test("[FK3] two files are compared from a place on", async () => {
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const rest = "x".repeat(300_000);
  await writeFile(a, `first line\n${rest}`);
  await writeFile(b, `1\n${rest}more`);
  expect([await firstLineLength(a), await firstLineLength(b), await firstLineLength(join(folder, "none"))]).toEqual([
    11, 2, 0,
  ]);
  expect(await commonPrefix({ path: a, from: 11 }, { path: b, from: 2 })).toEqual({ bytes: 300_000, ended: "first" });
  expect(await commonPrefix({ path: b, from: 2 }, { path: a, from: 11 })).toMatchObject({ ended: "second" });
  expect(await commonPrefix({ path: a, from: 11 }, { path: a, from: 11 })).toMatchObject({ ended: "both" });
  expect(await commonPrefix({ path: a, from: 0 }, { path: b, from: 0 })).toEqual({ bytes: 0, ended: "neither" });
});

function lengthOf(lines: readonly unknown[]): number {
  return lines.map((line) => JSON.stringify(line).length + 1).reduce((sum, length) => sum + length, 0);
}

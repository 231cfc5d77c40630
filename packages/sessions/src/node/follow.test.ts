import { appendFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, claudeRows, text } from "../testing/claude-rows.ts";
import { collect } from "../testing/fixtures.ts";
import { followClaudeSession } from "./claude/read.ts";
import { type FileNews, watchFile } from "./follow.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skein-follow-"));
  path = join(folder, "s.jsonl");
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** News that the test gives: what is pulled waits until there is some. */
function newsDesk() {
  const waiting: ((item: IteratorResult<FileNews>) => void)[] = [];
  const given: IteratorResult<FileNews>[] = [];
  const give = (item: IteratorResult<FileNews>) => {
    const taker = waiting.shift();
    if (taker === undefined) given.push(item);
    else taker(item);
  };
  const news: AsyncIterable<FileNews> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const item = given.shift();
        return item === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(item);
      },
    }),
  };
  return {
    news,
    tell: (value: FileNews) => give({ value, done: false }),
    end: () => give({ value: undefined, done: true }),
  };
}

const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Follows the file in steps: what is written, what is told, and the types of the rows that came of it. */
async function followed(steps: readonly { write?: string; tell: FileNews }[]): Promise<string[]> {
  const desk = newsDesk();
  const types: string[] = [];
  const reading = (async () => {
    for await (const { normalised } of followClaudeSession({ path, news: desk.news })) {
      types.push(...normalised.rows.map((row) => row.type));
    }
  })();
  for (const { write, tell } of steps) {
    if (write !== undefined) await appendFile(path, write);
    desk.tell(tell);
  }
  desk.end();
  await reading;
  return types;
}

test("[TR31] what is written to a followed file is shown, and a line only when it is complete", async () => {
  const rows = claudeRows();
  const second = lines(rows.user("go"), rows.assistant([text("one")]));
  await writeFile(path, second.slice(0, -20));
  expect(
    await followed([
      { tell: "changed" },
      { write: second.slice(-20), tell: "changed" },
      { write: lines(rows.user("again")), tell: "changed" },
    ]),
  ).toEqual(["session_init", "user_message", "assistant_message", "turn_complete", "user_message"]);
});

test("[TR31] a file that goes quiet ends the turn that the model said is over, and no other", async () => {
  const rows = claudeRows();
  await writeFile(path, lines(rows.user("go"), rows.assistant([text("still at it")])));
  expect(
    await followed([
      { tell: "quiet" },
      { write: lines(rows.assistant([text("done")], {}, "end_turn")), tell: "quiet" },
      { tell: "quiet" },
    ]),
  ).toEqual(["session_init", "user_message", "assistant_message", "assistant_message", "turn_complete"]);
});

test("[TR31] a background agent is shown when it is done, also one that was started while following", async () => {
  const rows = claudeRows();
  await writeFile(path, lines(rows.user("go"), rows.assistant([call("t", "Agent", { prompt: "p" })])));
  await mkdir(join(folder, "s/subagents"), { recursive: true });
  const side = { isSidechain: true, parentUuid: null };
  await writeFile(
    join(folder, "s/subagents/agent-ag1.jsonl"),
    lines(claudeRows().user("p", { ...side, uuid: "side" })),
  );
  const done =
    "<task-notification><task-id>ag1</task-id><status>completed</status><summary>Done</summary></task-notification>";
  const types = await followed([
    { write: lines(rows.result("t", "launched", { status: "async_launched", agentId: "ag1" })), tell: "changed" },
    { write: lines(rows.assistant([text("meanwhile")])), tell: "changed" },
    { write: lines(rows.user(done)), tell: "changed" },
  ]);
  expect(types).toEqual([
    "session_init",
    "user_message",
    "tool_call",
    "subagent",
    "tool_result",
    "assistant_message",
    "user_message",
    "turn_complete",
    "subagent",
  ]);
});

test("[TR31] following ends when the file was cut short", async () => {
  const rows = claudeRows();
  await writeFile(path, lines(rows.user("go"), rows.assistant([text("one")])));
  const desk = newsDesk();
  const records = followClaudeSession({ path, news: desk.news });
  expect((await records.next()).value?.line).toBe(1);
  expect((await records.next()).value?.line).toBe(2);
  await truncate(path, 10);
  desk.tell("changed");
  expect(await records.next()).toEqual({ value: undefined, done: true });
});

test("[TR31] a watched file tells of changes and of quiet, until it is replaced or nobody wants to know", async () => {
  await writeFile(path, "a\n");
  const stop = new AbortController();
  const news = watchFile(path, { signal: stop.signal, everyMs: 2, quietMs: 4 });
  expect((await news.next()).value).toBe("quiet");
  await appendFile(path, "b\n");
  expect((await news.next()).value).toBe("changed");
  const other = join(folder, "other");
  await writeFile(other, "c\n");
  await rename(other, path);
  // Quiet may have been reached in between; then it ends.
  expect(["quiet"]).toEqual(expect.arrayContaining(await collect(news)));
  const again = watchFile(path, { signal: stop.signal, everyMs: 2 });
  stop.abort();
  expect(await collect(again)).toEqual([]);
});

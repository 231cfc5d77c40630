import { createRegistry, db, type HandlerContext } from "@skein/runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { deferred, rowsOf, startWorld, until } from "./harness.ts";

const item = z.object({ key: z.string(), text: z.string().optional() });
const items = { type: "item", primaryKey: "key", schema: item } as const;
const notes = { type: "note", primaryKey: "key", schema: item } as const;
const board = { items, notes } as const;

test("[RT3] a spawn runs the handler, and `firstWake` is true until a pass has been committed", async () => {
  const registry = createRegistry();
  const seen: [string, boolean][] = [];
  registry.define("thing", {
    description: "Notes its wakes.",
    state: { items },
    handler(ctx, wake) {
      seen.push([wake.reason, ctx.firstWake]);
      ctx.state.items.upsert({ key: String(seen.length) });
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  await until(client, `${url}/main`, (fold) => fold.rows("item").size === 1);
  await client.send(url, { payload: "hello" });
  await until(client, `${url}/main`, (fold) => fold.rows("item").size === 2);
  expect(seen).toEqual([
    ["spawn", true],
    ["message", false],
  ]);
});

test("[RT4] a wake holds all that is new since the last acknowledged pass, in order, and nothing twice", async () => {
  const registry = createRegistry();
  const seen: unknown[][] = [];
  const busy = deferred();
  const go = deferred();
  registry.define("thing", {
    description: "Is slow at first.",
    state: { items },
    async handler(ctx, wake) {
      seen.push(wake.messages.map(({ payload }) => payload));
      busy.resolve();
      if (seen.length === 1) await go.promise;
      ctx.state.items.upsert({ key: String(seen.length) });
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one", { initialMessage: { payload: 0 } });
  await busy.promise;
  for (const payload of [1, 2, 3]) await client.send(url, { payload });
  go.resolve();
  await until(client, `${url}/main`, (fold) => fold.rows("item").size === 2);
  await client.send(url, { payload: 4 });
  await until(client, `${url}/main`, (fold) => fold.rows("item").size === 3);
  expect(seen).toEqual([[0], [1, 2, 3], [4]]);
});

test("[RT5] the arguments are given as the creation schema reads them", async () => {
  const registry = createRegistry();
  const seen = deferred<unknown>();
  registry.define("thing", {
    description: "Has arguments.",
    creationSchema: z.object({ size: z.number(), colour: z.string().default("blue") }),
    handler: (ctx) => seen.resolve(ctx.args),
  });
  const { client } = await startWorld(registry);
  await client.spawn("thing", "one", { args: { size: 3 } });
  expect(await seen.promise).toEqual({ size: 3, colour: "blue" });
});

test("[RT6] a write is readable at once, and in the log when flush resolves", async () => {
  const registry = createRegistry();
  const read = deferred<unknown>();
  const flushed = deferred();
  registry.define("thing", {
    description: "Writes.",
    state: { items },
    async handler(ctx) {
      const { items: rows } = ctx.state;
      rows.insert({ key: "a" });
      rows.insert({ key: "b" });
      rows.update("a", (row) => ({ ...row, text: "changed" }));
      rows.delete("b");
      rows.delete("never there");
      read.resolve([rows.size, rows.has("b"), [...rows]]);
      await ctx.flush();
      flushed.resolve();
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve, { once: true }));
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  expect(await read.promise).toEqual([1, false, [{ key: "a", text: "changed" }]]);
  await flushed.promise;
  const fold = await until(client, `${url}/main`, (rows) => rows.rows("item").size === 1);
  expect(rowsOf(fold, "item")).toEqual([{ key: "a", text: "changed" }]);
});

test("[RT7] what a handler writes to several streams, tags and inboxes takes effect together, or not at all", async () => {
  const registry = createRegistry();
  const write = async (ctx: HandlerContext, tag: string): Promise<void> => {
    const shared = await ctx.mkdb(`board/${tag}`, board);
    shared.items.insert({ key: "i" });
    shared.notes.insert({ key: "n" });
    ctx.setTag("state", tag);
    ctx.send("/listener/l", { payload: tag });
  };
  registry.define("listener", { description: "Listens.", handler: () => undefined });
  registry.define("writer", {
    description: "Writes here and there, and sometimes fails at the end.",
    async handler(ctx, wake) {
      for (const { payload } of wake.messages) {
        await write(ctx, String(payload));
        if (payload === "bad") throw new Error("changed my mind");
      }
    },
  });
  const { client } = await startWorld(registry);
  await client.spawn("listener", "l");
  const { url } = await client.spawn("writer", "w");
  await client.send(url, { payload: "bad" });
  await until(client, `${url}/main`, (fold) => fold.rows("error").size === 1);
  await client.send(url, { payload: "good" });
  const shared = await until(client, "/_skein/shared-state/board/good", (fold) => fold.rows("note").size === 1);
  expect(rowsOf(shared, "item")).toEqual([{ key: "i" }]);
  const inbox = await until(client, "/listener/l/main", (fold) => fold.rows("inbox").size === 1);
  expect(rowsOf(inbox, "inbox")).toMatchObject([{ payload: "good", from: expect.stringContaining(url) }]);
  expect((await client.getEntity(url)).tags).toEqual({ state: "good" });
  await expect(client.readStream("/_skein/shared-state/board/bad", { from: "-1" })).rejects.toMatchObject({
    code: "not_found",
  });
});

test("[RT8] a row that does not fit, an insert that exists and an update that does not are refused where they are written", async () => {
  const registry = createRegistry();
  const codes = deferred<unknown[]>();
  registry.define("thing", {
    description: "Errs.",
    state: { items },
    handler(ctx) {
      const { items: rows } = ctx.state;
      rows.insert({ key: "a" });
      const wrong: unknown = { key: "b", text: 7 };
      codes.resolve(
        [
          () => rows.insert({ key: "a" }),
          () => rows.update("zzz", (row) => row),
          () => rows.update("a", () => ({ key: "other" })),
          () => rows.upsert(wrong as { key: string }),
          () => rows.upsert({ key: "" }),
        ].map(codeOf),
      );
    },
  });
  const { client } = await startWorld(registry);
  await client.spawn("thing", "one");
  expect(await codes.promise).toEqual([
    "conflict",
    "not_found",
    "schema_validation_failed",
    "schema_validation_failed",
    "schema_validation_failed",
  ]);
});

test("[RT10] mkdb makes the state with the next commit, twice gives the same handle, and loads what is there", async () => {
  const registry = createRegistry();
  const seen: unknown[] = [];
  registry.define("thing", {
    description: "Makes a state.",
    async handler(ctx, wake) {
      const one = await ctx.mkdb("board", { items });
      const two = await ctx.mkdb("board", { items });
      seen.push([one === two, [...one.items].map(({ key }) => key), one.items === one.collections.items]);
      seen.push(await ctx.mkdb("board", { notes }).catch(codeOfError));
      one.items.upsert({ key: String(wake.messages.length) });
      seen.push(await ctx.observe(db("board", { items })).then((three) => three === one));
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  await until(client, "/_skein/shared-state/board", (fold) => fold.rows("item").size === 1);
  await client.send(url, { payload: "again" });
  await until(client, "/_skein/shared-state/board", (fold) => fold.rows("item").size === 2);
  expect(seen).toEqual([[true, [], true], "conflict", true, [true, ["0"], true], "conflict", true]);
  const main = await until(client, `${url}/main`, (fold) => fold.rows("manifest").size === 1);
  expect(rowsOf(main, "manifest")).toEqual([
    { kind: "shared-state", key: "shared-state:board", id: "board", mode: "create" },
  ]);
});

const RESERVED = ["id", "stream", "collections", "live", "blob", "log", "drive", "observation", "then"];

test("[RT11] collection names that a handle needs itself, and ids that are no ids, are refused", async () => {
  const registry = createRegistry();
  const codes = deferred<unknown>();
  registry.define("thing", {
    description: "Uses bad names.",
    async handler(ctx) {
      const tried = RESERVED.map((name) => ctx.mkdb("board", { [name]: items }).catch(codeOfError));
      const twice = ctx.mkdb("board", { one: items, other: items }).catch(codeOfError);
      codes.resolve(await Promise.all([...tried, ctx.mkdb("../x", board).catch(codeOfError), twice]));
    },
  });
  const { client } = await startWorld(registry);
  await client.spawn("thing", "one");
  expect(await codes.promise).toEqual([...RESERVED.map(() => "reserved_name"), "invalid_request", "conflict"]);
});

test("[RT12] observe waits for what is not there yet, and rejects rather than give something empty", async () => {
  const registry = createRegistry();
  const result = deferred<unknown>();
  const waiting = deferred();
  registry.define("late", {
    description: "Makes the state.",
    async handler(ctx) {
      const made = await ctx.mkdb("late", board);
      made.items.insert({ key: "here" });
    },
  });
  registry.define("early", {
    description: "Waits for it.",
    async handler(ctx) {
      const never = await ctx.observe(db("never", board), { waitMs: 30 }).catch(codeOfError);
      waiting.resolve();
      const late = await ctx.observe(db("late", board), { waitMs: 5_000 });
      result.resolve([never, [...late.items]]);
    },
  });
  const { client } = await startWorld(registry);
  await client.spawn("early", "e");
  await waiting.promise;
  await client.spawn("late", "l");
  expect(await result.promise).toEqual(["not_found", [{ key: "here" }]]);
});

test("[RT12] an observe that waits is answered by the handler's own mkdb", async () => {
  const registry = createRegistry();
  const result = deferred<unknown>();
  registry.define("thing", {
    description: "Waits for itself.",
    async handler(ctx) {
      const waiting = ctx.observe(db("board", board));
      const made = await ctx.mkdb("board", board);
      result.resolve((await waiting) === made);
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  expect(await result.promise).toBe(true);
  const main = await until(client, `${url}/main`, (fold) => fold.rows("manifest").size === 1);
  expect(rowsOf(main, "manifest")).toMatchObject([{ mode: "create" }]);
});

test("[RT9][RT13] two entities see each other's rows of a shared state while they run, in the order of the log", async () => {
  const registry = createRegistry();
  const results: unknown[] = [];
  const players = { turns: { type: "turn", primaryKey: "key", schema: z.object({ key: z.string() }) } } as const;
  registry.define("player", {
    description: "Waits for its turn.",
    creationSchema: z.object({ first: z.boolean() }),
    async handler(ctx) {
      const game = await ctx.mkdb("game", players);
      const turns = ctx.args.first ? ["0", "2", "4"] : ["1", "3", "5"];
      for (const turn of turns) {
        while (game.turns.size < Number(turn)) await changed(game.turns, ctx.signal);
        game.turns.insert({ key: turn });
        await ctx.flush();
      }
      while (game.turns.size < 6) await changed(game.turns, ctx.signal);
      results.push([...game.turns].map(({ key }) => key));
    },
  });
  const { client } = await startWorld(registry);
  await client.spawn("player", "a", { args: { first: true } });
  await client.spawn("player", "b", { args: { first: false } });
  const fold = await until(client, "/_skein/shared-state/game", (rows) => rows.rows("turn").size === 6);
  expect(rowsOf(fold, "turn")).toEqual(["0", "1", "2", "3", "4", "5"].map((key) => ({ key })));
  await expect.poll(() => results).toEqual([1, 2].map(() => ["0", "1", "2", "3", "4", "5"]));
});

test("[RT14] a handle that holds only keys, or nothing, says so instead of looking empty", async () => {
  const registry = createRegistry();
  const result = deferred<unknown>();
  registry.define("thing", {
    description: "Looks at a large state.",
    async handler(ctx, wake) {
      if (wake.reason === "spawn") {
        const all = await ctx.mkdb("board", board);
        all.items.insert({ key: "a", text: "large" });
        all.notes.insert({ key: "n" });
        return;
      }
      const { items: keys, notes: none } = await ctx.observe(db("board", board), {
        load: { items: "keys", notes: "none" },
      });
      const answers = [keys.size, keys.has("a"), keys.has("b"), codeOf(() => keys.get("a")), codeOf(() => [...keys])];
      answers.push(
        codeOf(() => keys.insert({ key: "a" })),
        codeOf(() => none.size),
        codeOf(() => none.get("n")),
      );
      keys.insert({ key: "b" });
      none.upsert({ key: "m" });
      result.resolve([...answers, keys.get("b"), keys.size, none.get("m")]);
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one");
  await until(client, "/_skein/shared-state/board", (fold) => fold.rows("note").size === 1);
  await client.send(url, { payload: "look" });
  const bad = "invalid_request";
  expect(await result.promise).toEqual([1, true, false, bad, bad, "conflict", bad, bad, { key: "b" }, 2, { key: "m" }]);
  await until(client, "/_skein/shared-state/board", (fold) => fold.rows("note").size === 2);
});

test("[RT15] deltas go to the viewers of a state that was flushed, and to no history", async () => {
  const registry = createRegistry();
  const early = deferred<unknown>();
  const watched = deferred();
  registry.define("thing", {
    description: "Streams.",
    async handler(ctx) {
      const shared = await ctx.mkdb("board", board);
      const delta = { type: "delta", key: "d", value: "x", headers: { operation: "insert" as const } };
      early.resolve(await shared.live([delta]).catch(codeOfError));
      await ctx.flush();
      await shared.live([delta]);
      await watched.promise;
    },
  });
  const { client } = await startWorld(registry);
  await client.spawn("thing", "one");
  expect(await early.promise).toBe("invalid_request");
  await until(client, "/_skein/shared-state/board/live", (fold) => fold.rows("delta").size === 1);
  const history = await client.readStream("/_skein/shared-state/board", { from: "-1" });
  expect(history.events).toEqual([]);
  watched.resolve();
});

test("[RT16][RT23] tags set by the handler show at once, and those set by others while it runs", async () => {
  const registry = createRegistry();
  const first = deferred<unknown>();
  const seen = deferred<unknown>();
  registry.define("thing", {
    description: "Has tags.",
    async handler(ctx) {
      ctx.setTag("mine", "1");
      ctx.removeTag("old");
      first.resolve(ctx.tags);
      await ctx.flush();
      while (ctx.tags["theirs"] === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      seen.resolve(ctx.tags);
    },
  });
  const { client } = await startWorld(registry);
  const { url } = await client.spawn("thing", "one", { tags: { old: "x" } });
  expect(await first.promise).toEqual({ mine: "1" });
  await client.setTag(url, "theirs", "2");
  expect(await seen.promise).toEqual({ mine: "1", theirs: "2" });
  expect((await client.getEntity(url)).tags).toEqual({ mine: "1", theirs: "2" });
});

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "no error";
  } catch (error) {
    return codeOfError(error);
  }
}

function codeOfError(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}

function changed(rows: { subscribe(listener: () => void): () => void }, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = rows.subscribe(() => {
      stop();
      resolve();
    });
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });
}

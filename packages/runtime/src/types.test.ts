import type { InboxRow, RunRow, WakeRow } from "@skein/protocol";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Collection, ReadonlyCollection, SharedState, WakeOf } from "./context.ts";
import type { ObservedEntity, ObservedSchedule, ObservedSet } from "./observation.ts";
import { createRegistry, defineEntity } from "./registry.ts";
import { cron, db, entities, entity } from "./sources.ts";
import { createTestWorld } from "./testing/world.ts";

const total = z.object({ key: z.string(), n: z.number() });
const state = {
  totals: { type: "total", primaryKey: "key", schema: total },
  loose: { type: "loose", primaryKey: "id" },
} as const;
const board = { notes: { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) } };
type Total = z.output<typeof total>;

test("[RT70] types follow from the schemas: arguments, state, actions, shared states, observations, wakes", async () => {
  const checked = defineEntity({
    description: "Its types are what is tested.",
    creationSchema: z.object({ start: z.number().default(0) }),
    state,
    actions: (collections) => ({
      add: (n: number): void => collections.totals.upsert({ key: "all", n }),
    }),
    async handler(ctx, wake) {
      expectTypeOf(ctx.args).toEqualTypeOf<{ start: number }>();
      expectTypeOf(ctx.state.totals).toEqualTypeOf<Collection<Total>>();
      expectTypeOf(ctx.state.loose).toEqualTypeOf<Collection<Record<string, unknown>>>();
      expectTypeOf(ctx.actions.add).toEqualTypeOf<(n: number) => void>();
      expectTypeOf(ctx.db.inbox).toEqualTypeOf<ReadonlyCollection<InboxRow>>();
      expectTypeOf(wake.wakes).toEqualTypeOf<readonly WakeRow[]>();
      expectTypeOf(wake.ticks).toEqualTypeOf<readonly WakeOf<"cron">[]>();
      for (const change of wake.changes) expectTypeOf(change.changes[0]?.key).toEqualTypeOf<string | undefined>();

      const made = await ctx.mkdb("board", board);
      expectTypeOf(made).toEqualTypeOf<SharedState<typeof board>>();
      expectTypeOf(made.notes.get("x")).toEqualTypeOf<{ key: string; text: string } | undefined>();
      const observe = {
        db: () => ctx.observe(db("board", board), { wake: { on: "change", collections: ["notes"] } }),
        entity: () => ctx.observe(entity("/x/y", state), { wake: { on: "change", collections: ["totals", "runs"] } }),
        set: () => ctx.observe(entities({ type: "x" }), { wake: "runFinished" }),
        schedule: () => ctx.observe(cron("@daily")),
        // @ts-expect-error there is no such collection in the board
        wrong: () => ctx.observe(db("board", board), { wake: { on: "change", collections: ["totals"] } }),
        // @ts-expect-error nor in the entity
        wrongToo: () => ctx.observe(entity("/x/y", state), { wake: { on: "change", collections: ["notes"] } }),
      };
      expectTypeOf(observe.db).returns.resolves.toEqualTypeOf<SharedState<typeof board>>();
      expectTypeOf(observe.entity).returns.resolves.toEqualTypeOf<ObservedEntity<typeof state>>();
      expectTypeOf(observe.entity).returns.resolves.toHaveProperty("runs").toEqualTypeOf<ReadonlyCollection<RunRow>>();
      expectTypeOf(observe.set).returns.resolves.toEqualTypeOf<ObservedSet>();
      expectTypeOf(observe.schedule).returns.resolves.toEqualTypeOf<ObservedSchedule>();

      // @ts-expect-error a row has a number
      expect(() => ctx.state.totals.insert({ key: "x", n: "1" })).toThrow();
      ctx.actions.add(ctx.args.start + 1);
      expect([...ctx.manifests].map(({ key }) => key)).toEqual(["shared-state:board"]);
    },
  });
  const registry = createRegistry();
  registry.define("checked", checked);
  const world = createTestWorld({ registry });
  const it = await world.spawn("checked", "c", { args: { start: 41 } });
  await world.quiet();
  expect(it.errors).toEqual([]);
  expectTypeOf(it.rows(state.totals)).toEqualTypeOf<Total[]>();
  expect(it.rows(state.totals)).toEqual([{ key: "all", n: 42 }]);
  await world.close();
});

test("[RT71] what cannot be observed, and state that would not be told apart, is refused where it is said", () => {
  const codeOf = (attempt: () => unknown): unknown => {
    try {
      attempt();
      return undefined;
    } catch (error) {
      return error instanceof Error && "code" in error ? error.code : error;
    }
  };
  expect(
    [
      () => entity("no address"),
      () => entities({}),
      () => entities({ type: "No Type" }),
      () => cron("every day"),
      () => cron("* * * * *", { timezone: "Nowhere/AtAll" }),
    ].map(codeOf),
  ).toEqual(Array<string>(5).fill("invalid_request"));
  const twice = { one: state.totals, other: state.totals };
  const define = () => createRegistry().define("thing", { description: "x", state: twice, handler: () => undefined });
  expect(codeOf(define)).toBe("conflict");
});

import { SkeinError, type Entity } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { callTypeRunner } from "../runners/calls.ts";
import { toEntity } from "./entity.ts";
import { addSpawn, checkSpawn, spawnKeys, type SpawnOrder } from "./plan-spawn.ts";

const ADMISSION_TIMEOUT_MS = 15_000;

export interface SpawnAnswer {
  readonly entity: Entity;
  readonly created: boolean;
}

/** Makes an entity, once: the same order again answers what is there. */
export async function spawn(context: ServerContext, asked: SpawnOrder, principal: string): Promise<SpawnAnswer> {
  const { store, rules } = context;
  const order = await admitSpawn(context, asked);
  if (order instanceof SkeinError) throw order;
  return execute<SpawnAnswer>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, spawnKeys(order));
    const draft = createDraft(snapshot);
    const outcome = addSpawn(draft, order, rules, { principal, now: store.now() });
    if (outcome.kind === "refused") return refused(outcome.error);
    const answer = { entity: toEntity(outcome.entity), created: outcome.kind === "created" };
    const { operations } = draft.build();
    if (operations.length === 0) return { kind: "answer", answer };
    return { kind: "commit", operations, answer: () => answer };
  });
}

/**
 * Asks the type's runner, when the type wants that and the order would be taken otherwise. Nothing has been made yet:
 * a refusal (a directory that is not there, an agent that is not signed in) leaves no trace. Answers the order as it is
 * to be carried out: bound to that runner, when the type wants it.
 */
export async function admitSpawn(context: ServerContext, order: SpawnOrder): Promise<SpawnOrder | SkeinError> {
  const snapshot = createSnapshot();
  await load(context.store, snapshot, spawnKeys(order));
  const type = snapshot.get("types", order.type)?.value;
  if (type?.admission !== true) return order;
  // What is wrong with the order itself is said by the plan, in the same words for every type.
  if (checkSpawn(createDraft(snapshot), order, context.rules, context.store.now())) return order;
  try {
    const { type: name, id, args = {}, forkedFrom } = order;
    const params = { type: name, id, args, ...(forkedFrom && { forkedFrom }) };
    const dispatch = order.dispatch ?? type.dispatch;
    const { runner } = await callTypeRunner(
      context,
      { type: order.type, dispatch },
      { method: "admit", params, timeoutMs: ADMISSION_TIMEOUT_MS },
    );
    return dispatch || !type.binds ? order : { ...order, dispatch: { runner, whenGone: type.binds } };
  } catch (error) {
    if (error instanceof SkeinError) return error;
    throw error;
  }
}

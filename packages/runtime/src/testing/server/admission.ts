import { entityUrl, SkeinError } from "@skein/protocol";
import type { CommitBody } from "./commit.ts";
import { judgeSpawn, type SpawnOrder } from "./entities.ts";
import { callTypeRunner } from "./runners.ts";
import type { FakeState } from "./state.ts";

const TIMEOUT_MS = 15_000;

/**
 * Asks the type's runner, when the type wants that and the order would be taken otherwise. Answers why it refuses, or
 * the order as it is to be carried out: bound to that runner, when the type wants it.
 */
export async function admitSpawn<Order extends SpawnOrder>(
  state: FakeState,
  order: Order,
): Promise<Order | SkeinError> {
  const type = state.types.get(order.type);
  if (type?.admission !== true || !wouldBeNew(state, order)) return order;
  const params = { type: order.type, id: order.id, args: order.args ?? {} };
  try {
    const dispatch = order.dispatch ?? type.dispatch;
    const call = { method: "admit", params, timeoutMs: TIMEOUT_MS };
    const runner = await callTypeRunner(state, { type: order.type, dispatch }, call);
    return dispatch || !type.binds ? order : { ...order, dispatch: { runner, whenGone: type.binds } };
  } catch (error) {
    if (error instanceof SkeinError) return error;
    throw error;
  }
}

/** What is wrong with the order itself is said when it is carried out. */
function wouldBeNew(state: FakeState, order: SpawnOrder): boolean {
  try {
    return judgeSpawn(state, order) === undefined;
  } catch (error) {
    if (error instanceof SkeinError) return false;
    throw error;
  }
}

/** The commit as it is to be carried out, and what was refused, by URL. */
export async function admitAll(
  state: FakeState,
  body: CommitBody,
): Promise<{ readonly body: CommitBody; readonly notAdmitted: ReadonlyMap<string, SkeinError> }> {
  const notAdmitted = new Map<string, SkeinError>();
  const spawns: CommitBody["spawns"] = [];
  for (const { wake, ...order } of body.spawns) {
    const admitted = await admitSpawn(state, order);
    if (admitted instanceof SkeinError) notAdmitted.set(entityUrl(order.type, order.id), admitted);
    spawns.push({ ...(admitted instanceof SkeinError ? order : admitted), ...(wake !== undefined && { wake }) });
  }
  return { body: { ...body, spawns }, notAdmitted };
}

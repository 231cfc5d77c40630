import { entityUrl, SkeinError } from "@skein/protocol";
import type { CommitBody } from "./commit.ts";
import { judgeSpawn, type SpawnOrder } from "./entities.ts";
import { callTypeRunner } from "./runners.ts";
import type { FakeState } from "./state.ts";

const TIMEOUT_MS = 15_000;

/** Asks the type's runner, when the type wants that and the order would be taken otherwise. */
export async function admitSpawn(state: FakeState, order: SpawnOrder): Promise<SkeinError | undefined> {
  const type = state.types.get(order.type);
  if (type?.admission !== true || !wouldBeNew(state, order)) return undefined;
  const params = { type: order.type, id: order.id, args: order.args ?? {} };
  try {
    const dispatch = order.dispatch ?? type.dispatch;
    await callTypeRunner(state, { type: order.type, dispatch }, { method: "admit", params, timeoutMs: TIMEOUT_MS });
    return undefined;
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

export async function admitAll(state: FakeState, parent: string, body: CommitBody): Promise<Map<string, SkeinError>> {
  const refused = new Map<string, SkeinError>();
  for (const { wake: _, ...order } of body.spawns) {
    const error = await admitSpawn(state, { ...order, parent });
    if (error) refused.set(entityUrl(order.type, order.id), error);
  }
  return refused;
}

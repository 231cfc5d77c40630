import type { DispatchPolicy } from "@skein/protocol";
import { createHash } from "node:crypto";
import { canonicalJson } from "../entities/canonical-json.ts";
import type { ServerContext } from "../context.ts";
import type { LaneRecord, RunnerRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import { isOnline } from "../runners/online.ts";

/**
 * Where work waits. An entity that any runner of its type may serve waits in the queue of its type; one that needs a
 * runner or labels waits in a lane of its own kind, so that work which a runner may not take is never in its way.
 */
export function laneOf(type: string, dispatch: DispatchPolicy | undefined): string {
  if (!dispatch) return type;
  return `${type}@${createHash("sha256").update(canonicalJson(dispatch)).digest("hex").slice(0, 32)}`;
}

/** Makes a lane known, if the policy needs one. */
export function addLane(draft: Draft, type: string, dispatch: DispatchPolicy | undefined): void {
  if (dispatch) draft.put("lanes", laneOf(type, dispatch), { type, dispatch });
}

/** Whether a runner has what a policy asks for. */
export function fits({ id, labels = {} }: Pick<RunnerRecord, "id" | "labels">, dispatch: DispatchPolicy): boolean {
  if (dispatch.runner !== undefined && dispatch.runner !== id) return false;
  return Object.entries(dispatch.labels ?? {}).every(([name, value]) => {
    const has = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return Array.isArray(has) ? has.includes(value) : has === value;
  });
}

/** Whether a runner may take work of a lane, given the runners of the lane's type that are online. */
export function mayTake(
  runner: Pick<RunnerRecord, "id" | "labels" | "types">,
  { type, dispatch }: LaneRecord,
  online: readonly RunnerRecord[],
): boolean {
  if (!runner.types.includes(type)) return false;
  if (fits(runner, dispatch)) return true;
  if (dispatch.whenGone === "wait") return false;
  return !online.some((other) => other.types.includes(type) && fits(other, dispatch));
}

const PAGE = 500;

/** The queues that a runner may take work from. */
export async function queuesOf(context: ServerContext, runner: RunnerRecord): Promise<string[]> {
  const lanes = await readLanes(context);
  const moves = lanes.some(({ value }) => value.dispatch.whenGone === "move");
  const online = moves ? await onlineRunners(context) : [];
  return [...runner.types, ...lanes.flatMap(({ id, value }) => (mayTake(runner, value, online) ? [id] : []))];
}

export async function readLanes({
  store,
}: Pick<ServerContext, "store">): Promise<readonly { readonly id: string; readonly value: LaneRecord }[]> {
  const lanes: { readonly id: string; readonly value: LaneRecord }[] = [];
  for (let after: string | undefined; ;) {
    const query = { collection: "lanes", limit: PAGE, ...(after !== undefined && { after }) };
    const page = await store.queryRecords<LaneRecord>(query);
    lanes.push(...page.records);
    if (page.next === undefined) return lanes;
    after = page.next;
  }
}

const MAX_RUNNERS = 1000;

export async function onlineRunners({ store, runnerTimeoutMs }: ServerContext): Promise<RunnerRecord[]> {
  const query = { collection: "runners", index: "bySeen", descending: true, limit: MAX_RUNNERS };
  const { records } = await store.queryRecords<RunnerRecord>(query);
  return records.map(({ value }) => value).filter((record) => isOnline(record, store.now(), runnerTimeoutMs));
}

import {
  changeEvent,
  entityUrl,
  sharedStateStream,
  SkeinError,
  type ChangeEvent,
  type ForkRequest,
} from "@skein/protocol";
import { sessionIdOf, sessionStreams } from "@skein/sessions";
import type { Store } from "@skein/store";
import type { ServerContext } from "../context.ts";
import { noEntity, toEntity } from "../entities/entity.ts";
import { spawnKeys } from "../entities/plan-spawn.ts";
import { admitSpawn, type SpawnAnswer } from "../entities/spawn.ts";
import { pairId, type EntityRecord, type LinkRecord } from "../records/collections.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { parseResourceStream } from "../resources/address.ts";
import { findCut } from "./find-cut.ts";
import { addFork, planSpawnOf, resourceNamesOf, type ForkedResource, type ForkOrder } from "./plan-fork.ts";

/** Of what stands in front of a cut, for the list's last line. */
const LAST_MESSAGES = 60;
const MAX_RESOURCES = 100;

/** Forks an entity, once: the same request under the same id is answered with what is there. */
export async function fork(
  context: ServerContext,
  origin: string,
  request: ForkRequest,
  principal: string,
): Promise<SpawnAnswer> {
  const { store, rules } = context;
  const order: ForkOrder = { origin, id: request.id ?? rules.id(), request };
  const resources = await resourcesOf(context, order);
  await admit(context, order, resources);
  return execute<SpawnAnswer>(store, async (last) => {
    const snapshot = createSnapshot();
    const { draft, spawn } = await prepare(context, snapshot, order, resources);
    const outcome = addFork(draft, order, { spawn, resources }, rules, { principal, now: store.now() });
    if (outcome.kind === "refused") return refused(outcome.error);
    const answer = { entity: toEntity(outcome.entity), created: outcome.kind === "created" };
    if (outcome.kind === "exists") return { kind: "answer", answer };
    if (last?.kind === "stream-exists") {
      return refused(new SkeinError("entity_exists", `There is a session or state of the name ${order.id} already.`));
    }
    return { kind: "commit", operations: draft.build().operations, answer: () => answer };
  });
}

async function prepare(
  { store }: ServerContext,
  snapshot: ReturnType<typeof createSnapshot>,
  order: ForkOrder,
  resources: readonly ForkedResource[],
) {
  await load(store, snapshot, [["entities", order.origin]]);
  const type = snapshot.get("entities", order.origin)?.value.type;
  if (type !== undefined) await load(store, snapshot, [["types", type]]);
  const draft = createDraft(snapshot);
  const spawn = planSpawnOf(draft, order, resources);
  if (spawn instanceof SkeinError) throw spawn;
  const sessions = resources.flatMap(({ from, to }) => [sessionIdOf(from) ?? [], sessionIdOf(to) ?? []].flat());
  await load(store, snapshot, [
    ...spawnKeys(spawn),
    ...resources.flatMap(({ from, to }) => [["resources", from] as const, ["resources", to] as const]),
    ...resources.map(({ to }) => ["links", pairId(entityUrl(spawn.type, spawn.id), to)] as const),
    ...sessions.map((id) => ["sessions", id] as const),
  ]);
  return { draft, spawn };
}

/** Its machine is asked first, as for any entity of the type: a refusal leaves no trace. */
async function admit(context: ServerContext, order: ForkOrder, resources: readonly ForkedResource[]): Promise<void> {
  const snapshot = createSnapshot();
  const { draft, spawn } = await prepare(context, snapshot, order, resources);
  if (draft.read("entities", entityUrl(spawn.type, spawn.id))) return;
  const admitted = await admitSpawn(context, spawn);
  if (admitted instanceof SkeinError) throw admitted;
}

/** What the origin made, with where each of it is cut. Only streams that are there. */
async function resourcesOf({ store }: ServerContext, order: ForkOrder): Promise<ForkedResource[]> {
  const origin = (await store.getRecord<EntityRecord>("entities", order.origin))?.value;
  if (!origin) throw noEntity(order.origin);
  const page = await store.queryRecords<LinkRecord>({
    collection: "links",
    index: "byEntity",
    equals: [order.origin],
    limit: MAX_RESOURCES + 1,
  });
  if (page.records.length > MAX_RESOURCES) {
    throw new SkeinError("too_large", `${order.origin} has more than ${MAX_RESOURCES} resources.`);
  }
  const made = page.records
    .map(({ value }) => value)
    .filter(({ mode, resource }) => mode === "create" && isMain(resource))
    .map(({ resource }) => resource);
  const names = resourceNamesOf(origin, order.id, made);
  if (names instanceof SkeinError) throw names;
  const found: ForkedResource[] = [];
  for (const [from, to] of names) {
    const stream = await store.getStream(sharedStateStream(from));
    if (!stream || stream.deleted) throw new SkeinError("stream_gone", `${from} was deleted.`);
    // A place is named in the first: of a coder, its session.
    const cut = await findCut(store, stream, found.length === 0 ? order.request.at : undefined);
    const session = sessionIdOf(from);
    const native = session === undefined ? undefined : await store.getStream(sessionStreams(session).native);
    const last = await messagesBefore(store, stream.path, cut.position);
    found.push({ from, to, stream, native: native?.deleted === true ? undefined : native, cut, last });
  }
  if (found.length === 0 && order.request.at !== undefined) {
    throw new SkeinError("not_found", `${order.origin} has made nothing yet that could be cut at ${order.request.at}.`);
  }
  return found;
}

function isMain(resource: string): boolean {
  return parseResourceStream(sharedStateStream(resource))?.part === "main";
}

const decoder = new TextDecoder();

async function messagesBefore(store: Store, path: string, before: number): Promise<ChangeEvent[]> {
  if (before === 0) return [];
  const page = await store.readStream(path, { before, limit: LAST_MESSAGES, maxBytes: 512 * 1024 });
  if (page.kind !== "read") return [];
  return page.messages.flatMap(({ body }) => {
    const parsed = changeEvent.safeParse(JSON.parse(decoder.decode(body)));
    return parsed.success ? [parsed.data] : [];
  });
}

import { RESERVED_ENTITY_TYPES, SkeinError, type EntityType } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { schemasOf } from "../runners/runner.ts";
import { registerType, type Registration } from "./plan-type.ts";

const MAX_TYPES = 1000;

export async function registerEntityType(context: ServerContext, registration: Registration): Promise<EntityType> {
  const { store } = context;
  if (RESERVED_ENTITY_TYPES.has(registration.name)) {
    throw new SkeinError("reserved_name", `No entity type can be named ${registration.name}.`);
  }
  for (const schema of schemasOf(registration)) context.schemas.compile(schema);
  return execute<EntityType>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["types", registration.name]]);
    const draft = createDraft(snapshot);
    const type = registerType(draft, registration, store.now());
    const { operations } = draft.build();
    if (operations.length === 0) return { kind: "answer", answer: type };
    return { kind: "commit", operations, answer: () => type };
  });
}

export async function getEntityType({ store }: ServerContext, name: string): Promise<EntityType> {
  const record = await store.getRecord<EntityType>("types", name);
  if (!record) throw noType(name);
  return record.value;
}

export async function listEntityTypes({ store }: ServerContext): Promise<EntityType[]> {
  const { records } = await store.queryRecords<EntityType>({ collection: "types", limit: MAX_TYPES });
  return records.map(({ value }) => value);
}

/** Its entities stay and can still be read, sent to untyped, and killed; no more are made. */
export async function deleteEntityType({ store }: ServerContext, name: string): Promise<void> {
  await execute<void>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["types", name]]);
    const draft = createDraft(snapshot);
    if (!draft.read("types", name)) return refused(noType(name));
    draft.remove("types", name);
    return { kind: "commit", operations: draft.build().operations, answer: () => undefined };
  });
}

function noType(name: string): SkeinError {
  return new SkeinError("not_found", `No entity type ${name} is registered.`);
}

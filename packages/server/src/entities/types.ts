import { RESERVED_ENTITY_TYPES, SkeinError, type EntityType, type EntityTypeAmendment } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { createDraft } from "../records/draft.ts";
import { execute, refused } from "../records/execute.ts";
import { createSnapshot, load } from "../records/snapshot.ts";
import { amendType, registerType, type Registration } from "./plan-type.ts";

const MAX_TYPES = 1000;

export async function registerEntityType(context: ServerContext, registration: Registration): Promise<EntityType> {
  const { store } = context;
  checkRegistration(context, registration);
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

/** Adds schemas to a type. */
export async function amendEntityType(
  context: ServerContext,
  name: string,
  amendment: EntityTypeAmendment,
): Promise<EntityType> {
  const { store, schemas } = context;
  for (const schema of Object.values(amendment.inboxSchemas ?? {})) schemas.compile(schema);
  for (const schema of Object.values(amendment.stateSchemas ?? {})) schemas.compile(schema);
  return execute<EntityType>(store, async () => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [["types", name]]);
    const draft = createDraft(snapshot);
    const type = amendType(draft, name, amendment, store.now());
    if (type instanceof SkeinError) return refused(type);
    const { operations } = draft.build();
    if (operations.length === 0) return { kind: "answer", answer: type };
    return { kind: "commit", operations, answer: () => type };
  });
}

/** Throws when the name is taken by a path of ours, or one of the schemas is not a JSON Schema. */
export function checkRegistration({ schemas }: ServerContext, type: Registration): void {
  if (RESERVED_ENTITY_TYPES.has(type.name)) {
    throw new SkeinError("reserved_name", `No entity type can be named ${type.name}.`);
  }
  if (type.creationSchema) schemas.compile(type.creationSchema);
  for (const schema of Object.values(type.inboxSchemas ?? {})) schemas.compile(schema);
  for (const schema of Object.values(type.stateSchemas ?? {})) schemas.compile(schema);
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

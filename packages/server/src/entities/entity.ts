import { mainStream, SkeinError, type Entity, type EntityType } from "@skein/protocol";
import type { Draft } from "../records/draft.ts";
import type { EntityRecord } from "../records/collections.ts";
import { changeEventOf, type Stamp } from "./events.ts";

export function toEntity(record: EntityRecord): Entity {
  const { typeRevision: _, forkRequest: _f, ...rest } = record;
  return { ...rest, streams: { main: mainStream(record.url) } };
}

/** Writes the entity's record and tells the directory. */
export function writeEntity(draft: Draft, record: EntityRecord, stamp: Stamp): void {
  draft.write("entities", record.url, record);
  draft.announce(changeEventOf("entity", record.url, "upsert", toEntity(record), stamp));
}

export function noEntity(url: string): SkeinError {
  return new SkeinError("not_found", `There is no entity ${url}.`);
}

export function endedEntity(record: EntityRecord): SkeinError {
  return new SkeinError("entity_ended", `${record.url} was killed. Its history stays readable.`, {
    details: { status: record.status },
  });
}

/** What the planning of entities needs besides records. */
export interface EntityRules {
  /** The first thing wrong with the value, in words; `undefined` when it is fine. */
  readonly check: (schema: Readonly<Record<string, unknown>>, value: unknown) => string | undefined;
  /** A new, unique id. */
  readonly id: () => string;
}

export type TypeRecord = EntityType | undefined;

export function badEntityUrl(): SkeinError {
  return new SkeinError(
    "invalid_request",
    "An entity's address is /{type}/{id}: a type of lower-case letters, digits, - and _ that begins with a letter, " +
      "and an id of letters, digits and . _ ~ - with at most 128 characters.",
  );
}

import { createHash } from "node:crypto";
import { mainStream, PREFIX, sharedStateStream, type ObserveSource, type SetSource } from "@skein/protocol";
import { entityOfInbox } from "../dispatch/entity-names.ts";
import { parseResourceStream } from "../resources/address.ts";

/**
 * Which stream tells of a source. An entity and a shared state have theirs. A set is told by a stream that is kept only
 * while somebody observes: one for each type, parent and tag, and each set looks at the one that tells it least else.
 */
const SETS = `${PREFIX}/sets/`;

export function pathOf(source: ObserveSource): string | undefined {
  switch (source.kind) {
    case "entity":
      return mainStream(source.url);
    case "db":
      return sharedStateStream(source.id);
    case "entities":
      return pathOfSet(source);
    case "cron":
    case "timer":
      return undefined;
  }
}

function pathOfSet({ type, tags = {}, parent }: SetSource): string {
  const [tag] = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  if (tag) return tagPath(...tag);
  return parent === undefined ? typePath(type ?? "") : parentPath(parent);
}

/** The streams that tell of an entity with these marks. */
export function memberPaths(entity: {
  readonly type: string;
  readonly parent?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}): string[] {
  return [
    typePath(entity.type),
    ...(entity.parent === undefined ? [] : [parentPath(entity.parent)]),
    ...Object.entries(entity.tags).map(([name, value]) => tagPath(name, value)),
  ];
}

function typePath(type: string): string {
  return `${SETS}type/${type}`;
}

function parentPath(url: string): string {
  return `${SETS}parent${url}`;
}

/** Tags hold any text, paths do not. */
function tagPath(name: string, value: string): string {
  return `${SETS}tag/${createHash("sha256")
    .update(JSON.stringify([name, value]))
    .digest("hex")}`;
}

export function isSetPath(path: string): boolean {
  return path.startsWith(SETS);
}

/** Whether a stream can be observed at all. */
export function isObservable(path: string): boolean {
  if (isSetPath(path)) return true;
  if (entityOfInbox(path) !== undefined) return true;
  return parseResourceStream(path)?.part === "main";
}

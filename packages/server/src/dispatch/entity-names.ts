import {
  ENTITY_TYPE,
  entityUrl,
  mainStream,
  parseEntityUrl,
  parseSharedStateStream,
  RESERVED_ENTITY_TYPES,
  sharedStateStream,
} from "@skein/protocol";

/** Every entity that lives is a subscription of this id, without anybody having made it. */
export function subscriptionIdOf(url: string): string {
  return `entity${url.replaceAll("/", ":")}`;
}

const ENTITY_SUBSCRIPTION = /^entity:([^:]+):([^:]+)$/;

export function entityOfSubscription(id: string): string | undefined {
  const [, type, name] = ENTITY_SUBSCRIPTION.exec(id) ?? [];
  const url = type === undefined || name === undefined ? undefined : entityUrl(type, name);
  return url !== undefined && parseEntityUrl(url) ? url : undefined;
}

/** `/{type}/{id}/main` into the entity's URL. */
export function entityOfInbox(path: string): string | undefined {
  const url = path.slice(0, path.lastIndexOf("/"));
  return parseEntityUrl(url) && mainStream(url) === path ? url : undefined;
}

export function inboxesOf(type: string): string | undefined {
  return ENTITY_TYPE.test(type) && !RESERVED_ENTITY_TYPES.has(type) ? mainStream(entityUrl(type, "*")) : undefined;
}

/** Streams outside of `/v1/stream/` that a subscription may cover: those that whoever has the token may read. */
export function mayLink(path: string): boolean {
  if (path.startsWith(sharedStateStream(""))) return path.includes("*") || parseSharedStateStream(path) !== undefined;
  if (entityOfInbox(path) !== undefined) return true;
  const [, type, id, ...rest] = path.split("/");
  return type !== undefined && id === "*" && path === inboxesOf(type) && rest.length === 1;
}

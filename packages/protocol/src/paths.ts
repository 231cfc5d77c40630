/**
 * Every path of the product, made and read in one place. A stream's name in the store is its normalised URL path.
 * `/_electric` is an alias of `/_skein`; `normalisePath` folds it, so nothing behind the door knows the alias.
 */

/** Entity types: lower case, do not begin with `_`, at most 64 characters. */
export const ENTITY_TYPE = /^[a-z][a-z0-9_-]{0,63}$/;
/** Entity ids and the segments of resource ids: URL-unreserved characters, at most 128, not `.` or `..`. */
export const ENTITY_ID = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$/;
/** Resource ids may contain `/`; each segment is an `ENTITY_ID`, eight at most. */
const MAX_RESOURCE_SEGMENTS = 8;

/** Names that the first segment of other paths has: no entity type may take them. */
export const RESERVED_ENTITY_TYPES: ReadonlySet<string> = new Set(["v1", "s", "x", "new", "share", "assets", "api"]);

export const PREFIX = "/_skein";
const ALIAS = "/_electric";
const SHARED_STATE = `${PREFIX}/shared-state/`;

export function normalisePath(path: string): string {
  return path === ALIAS || path.startsWith(`${ALIAS}/`) ? PREFIX + path.slice(ALIAS.length) : path;
}

export function entityUrl(type: string, id: string): string {
  return `/${type}/${id}`;
}

/** `/{type}/{id}` into its parts; `undefined` when it is not an entity's URL. */
export function parseEntityUrl(url: string): { type: string; id: string } | undefined {
  const [empty, type, id, ...rest] = url.split("/");
  if (empty !== "" || rest.length > 0 || type === undefined || id === undefined) return undefined;
  return ENTITY_TYPE.test(type) && ENTITY_ID.test(id) ? { type, id } : undefined;
}

/** The entity's own state stream. */
export function mainStream(url: string): string {
  return `${url}/main`;
}

export function isResourceId(id: string): boolean {
  const segments = id.split("/");
  return segments.length <= MAX_RESOURCE_SEGMENTS && segments.every((segment) => ENTITY_ID.test(segment));
}

/** The stream of a shared state (resource). */
export function sharedStateStream(resourceId: string): string {
  return SHARED_STATE + resourceId;
}

/** `/_skein/shared-state/{id…}` into its id; `undefined` when it is something else. */
export function parseSharedStateStream(path: string): string | undefined {
  if (!path.startsWith(SHARED_STATE)) return undefined;
  const id = path.slice(SHARED_STATE.length);
  return isResourceId(id) ? id : undefined;
}

/** Everything that changes in the directory, for those who follow it live: ephemeral. */
export const DIRECTORY_STREAM = `${PREFIX}/directory`;

import type { CollectionDefinitions, IndexScalar, RecordQuery } from "../store.ts";

/**
 * Keys of records in an index, as bytes whose order is the order of the fields: booleans, then numbers by value, then
 * text by code point. A key ends with the record's id, so that it is unique and a page can go on from it.
 * Bytes are held in strings of one character each (Latin-1), which compare as the bytes do.
 */
export type IndexKey = string;

/** Half open: from `low` to below `high`. */
export interface KeyRange {
  readonly low: string;
  readonly high: string;
}

const FALSE = "\x10";
const TRUE = "\x11";
const NUMBER = "\x20";
const TEXT = "\x30";
/** Behind every tag. */
const END = "\xff";
const MAX_FIELDS = 4;

export function encodeFields(fields: readonly IndexScalar[]): string {
  return fields.map(encodeField).join("");
}

function encodeField(field: IndexScalar): string {
  if (typeof field === "boolean") return field ? TRUE : FALSE;
  if (typeof field === "number") return NUMBER + encodeNumber(field);
  // A zero byte ends the text; one inside it is marked, and no tag is as high as the mark.
  return `${TEXT}${textBytes(field).replaceAll("\0", `\0${END}`)}\0`;
}

const view = new DataView(new ArrayBuffer(8));

/** IEEE 754, big end first, turned so that the bytes sort as the numbers do. */
function encodeNumber(value: number): string {
  view.setFloat64(0, value === 0 ? 0 : value);
  const negative = (view.getUint8(0) & 0x80) !== 0;
  let bytes = "";
  for (let index = 0; index < 8; index++) {
    const byte = view.getUint8(index);
    bytes += String.fromCharCode(negative ? byte ^ 0xff : index === 0 ? byte ^ 0x80 : byte);
  }
  return bytes;
}

/** UTF-8 as Latin-1 text: compares by code point. */
export function textBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The keys under which a record is found in one index. */
export function indexKeys(fields: readonly string[], id: string, value: unknown): Set<IndexKey> {
  let prefixes = [""];
  for (const field of fields) {
    const found = fieldValues(field, value);
    if (found.length === 0) return new Set();
    prefixes = prefixes.flatMap((prefix) => found.map((scalar) => prefix + encodeField(scalar)));
  }
  const end = encodeField(id);
  return new Set(prefixes.map((prefix) => prefix + end));
}

function fieldValues(field: string, value: unknown): IndexScalar[] {
  if (field.endsWith("[]")) {
    const list = valueAt(field.slice(0, -2), value);
    return Array.isArray(list) ? list.filter(isIndexScalar) : [];
  }
  if (field.endsWith("{}")) {
    const object = valueAt(field.slice(0, -2), value);
    if (!isObject(object) || Array.isArray(object)) return [];
    return Object.entries(object).flatMap(([key, text]) => (typeof text === "string" ? [`${key}=${text}`] : []));
  }
  const scalar = valueAt(field, value);
  return isIndexScalar(scalar) ? [scalar] : [];
}

function valueAt(path: string, value: unknown): unknown {
  if (path === "") return value;
  let current = value;
  for (const name of path.split(".")) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isIndexScalar(value: unknown): value is IndexScalar {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

export function checkCollections(collections: CollectionDefinitions): void {
  for (const [collection, { indexes = {} }] of Object.entries(collections))
    for (const [name, fields] of Object.entries(indexes))
      if (fields.length === 0 || fields.length > MAX_FIELDS)
        throw new TypeError(`Index ${name} of ${collection} has ${fields.length} fields: from one to ${MAX_FIELDS}`);
}

/** The part of an index that a query asks for, behind its cursor. */
export function indexRange(query: RecordQuery): KeyRange {
  const prefix = encodeFields(query.equals ?? []);
  const low = query.from === undefined ? prefix : prefix + encodeField(query.from);
  const high = prefix + (query.below === undefined ? END : encodeField(query.below));
  return afterCursor({ low, high }, query, "\0");
}

/**
 * The same for a query without an index, in bytes of ids. `high` is behind every id when nothing bounds it: no UTF-8
 * text begins with its byte.
 */
export function idRange(query: RecordQuery): KeyRange {
  const [fixed] = query.equals ?? [];
  const low = textBytes(String(fixed ?? query.from ?? ""));
  const high =
    fixed === undefined ? (query.below === undefined ? END : textBytes(String(query.below))) : low + NEXT_NAME;
  return afterCursor({ low, high }, query, NEXT_NAME);
}

/** Names have no zero character in them: nothing is between a name and itself with this behind it. */
const NEXT_NAME = "\x01";

function afterCursor({ low, high }: KeyRange, query: RecordQuery, next: string): KeyRange {
  if (query.after === undefined) return { low, high };
  const after = Buffer.from(query.after, "base64url").toString("latin1");
  if (query.descending) return { low, high: after < high ? after : high };
  return { low: after >= low ? after + next : low, high };
}

/** The cursor behind an entry, by its key in the index or the bytes of its id. */
export function cursorOf(key: string): string {
  return Buffer.from(key, "latin1").toString("base64url");
}

import {
  dueTime,
  ENTITY_EVENTS,
  mainStream,
  MAX_DELAY_MS,
  parseEntityUrl,
  SkeinError,
  type DelayedRow,
  type InboxRow,
  type Message,
} from "@skein/protocol";
import { pairId, type DelayedRecord, type EntityRecord, type ReceiptRecord } from "../records/collections.ts";
import type { Draft } from "../records/draft.ts";
import type { RecordKey } from "../records/snapshot.ts";
import { markReady } from "../wakes/rules.ts";
import { endedEntity, noEntity, type EntityRules } from "./entity.ts";
import { changeEventOf, type Stamp } from "./events.ts";

/** A message with its envelope, as JSON. Larger content belongs into a resource, and its address into the message. */
export const MAX_MESSAGE_BYTES = 512 * 1024;

export interface SendRequest {
  readonly to: string;
  readonly message: Message;
  /** sha256 of the idempotency key, when there is one. */
  readonly receipt?: string;
  /** A lower bound of where the row will be. */
  readonly near: number;
}

export type SendOutcome =
  /** With `dueAt` it waits for its time. */
  | { readonly kind: "queued"; readonly key: string; readonly dueAt?: number }
  | { readonly kind: "duplicate"; readonly receipt: ReceiptRecord }
  | { readonly kind: "refused"; readonly error: SkeinError };

export function sendKeys(to: string, receipt: string | undefined): RecordKey[] {
  const keys: RecordKey[] = [
    ["entities", to],
    ["wakes", to],
  ];
  const ref = parseEntityUrl(to);
  if (ref) keys.push(["types", ref.type]);
  if (receipt !== undefined) keys.push(["receipts", pairId(to, receipt)]);
  return keys;
}

/** Adds a message to an entity's inbox and makes the entity ready. */
export function addSend(draft: Draft, request: SendRequest, rules: EntityRules, stamp: Stamp): SendOutcome {
  const { to, message, receipt } = request;
  const entity = draft.read("entities", to);
  if (!entity) return { kind: "refused", error: noEntity(to) };
  if (receipt !== undefined) {
    const known = draft.read("receipts", pairId(to, receipt));
    if (known) return { kind: "duplicate", receipt: known };
  }
  if (entity.status === "killed") return { kind: "refused", error: endedEntity(entity) };
  const wrong = checkMessage(draft, entity, message, rules, stamp.now);
  if (wrong) return { kind: "refused", error: wrong };

  const key = rules.id();
  if (receipt !== undefined) draft.write("receipts", pairId(to, receipt), { key, near: request.near });
  const dueAt = addMessage(draft, { to, key, message, near: request.near }, stamp);
  if (dueAt === undefined) markReady(draft, to, stamp.now);
  return { kind: "queued", key, ...(dueAt !== undefined && { dueAt }) };
}

/** Puts a message into the inbox, or, when it is due later, beside it; answers when that is. */
export function addMessage(
  draft: Draft,
  { to, key, message, near }: { to: string; key: string; message: Message; near: number },
  stamp: Stamp,
): number | undefined {
  const at = dueTime(message, stamp.now);
  if (at === undefined || at <= stamp.now) {
    addInboxRow(draft, to, key, message, stamp);
    return undefined;
  }
  const { at: _, afterMs: _ms, ...content } = message;
  const { principal, now } = stamp;
  const record = { entity: to, key, message: content, principal, at, requestedAt: now, near };
  draft.put("delayed", pairId(to, key), record);
  draft.append(mainStream(to), [changeEventOf(ENTITY_EVENTS.delayed, key, "insert", delayedRowOf(record), stamp)]);
  return at;
}

export function delayedRowOf({ key, principal, message, at, requestedAt }: DelayedRecord): DelayedRow {
  return {
    key,
    from: principal,
    payload: message.payload,
    ...(message.type !== undefined && { type: message.type }),
    ...(message.idempotencyKey !== undefined && { idempotencyKey: message.idempotencyKey }),
    dueAt: at,
    requestedAt,
  };
}

export function addInboxRow(draft: Draft, to: string, key: string, message: Message, stamp: Stamp): void {
  const row: InboxRow = {
    key,
    from: stamp.principal,
    payload: message.payload,
    ...(message.type !== undefined && { type: message.type }),
    ...(message.idempotencyKey !== undefined && { idempotencyKey: message.idempotencyKey }),
    receivedAt: stamp.now,
  };
  draft.append(mainStream(to), [changeEventOf(ENTITY_EVENTS.inbox, key, "insert", row, stamp)]);
}

/** The size limit, the longest delay, and the schema that the message's type names. */
export function checkMessage(
  draft: Draft,
  entity: Pick<EntityRecord, "type">,
  message: Message,
  rules: EntityRules,
  now: number,
): SkeinError | undefined {
  if ((dueTime(message, now) ?? now) > now + MAX_DELAY_MS)
    return new SkeinError("invalid_request", "The message is due in more than ten years.");
  const bytes = Buffer.byteLength(JSON.stringify(message) ?? "");
  if (bytes > MAX_MESSAGE_BYTES) {
    return new SkeinError("too_large", `The message has ${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are taken.`, {
      details: { bytes, limit: MAX_MESSAGE_BYTES },
    });
  }
  if (message.type === undefined) return undefined;
  const type = draft.read("types", entity.type);
  if (!type) return new SkeinError("unknown_entity_type", `The type ${entity.type} is not registered.`);
  if (!type.inboxSchemas) return undefined;
  const schema = Object.hasOwn(type.inboxSchemas, message.type) ? type.inboxSchemas[message.type] : undefined;
  if (!schema) {
    const known = Object.keys(type.inboxSchemas);
    return new SkeinError("unknown_message_type", `${entity.type} takes no messages of type ${message.type}.`, {
      details: { known },
    });
  }
  const wrong = rules.check(schema, message.payload);
  if (wrong === undefined) return undefined;
  return new SkeinError("schema_validation_failed", `The ${message.type} message does not fit: ${wrong}.`);
}

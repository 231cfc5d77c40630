import type { ChangeEvent, InboxEdit, InboxEditResult, InboxRow, Message, SendResult } from "@skein/protocol";
import { dueTime, ENTITY_EVENTS, inboxRow, mainStream, MAX_DELAY_MS, SkeinError } from "@skein/protocol";
import type { FakeEntity, FakeState, Stamp } from "./state.ts";
import { eventOf, makeStream, requireLiving } from "./state.ts";
import { problemOf } from "./types.ts";
import { markReady } from "./wake.ts";

const MAX_MESSAGE_BYTES = 512 * 1024;

/** The size limit, the longest delay, and the schema that the message's type names. */
export function checkMessage(state: FakeState, typeName: string, message: Message): void {
  const now = state.clock.now();
  if ((dueTime(message, now) ?? now) > now + MAX_DELAY_MS)
    throw new SkeinError("invalid_request", "The message is due in more than ten years.");
  const bytes = new TextEncoder().encode(JSON.stringify(message)).byteLength;
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new SkeinError("too_large", `The message has ${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are taken.`);
  }
  if (message.type === undefined) return;
  const type = state.types.get(typeName);
  if (!type) throw new SkeinError("unknown_entity_type", `The type ${typeName} is not registered.`);
  if (!type.inboxSchemas) return;
  const schema = Object.hasOwn(type.inboxSchemas, message.type) ? type.inboxSchemas[message.type] : undefined;
  if (!schema) {
    throw new SkeinError("unknown_message_type", `${typeName} takes no messages of type ${message.type}.`, {
      details: { known: Object.keys(type.inboxSchemas) },
    });
  }
  const wrong = problemOf(schema, message.payload);
  if (wrong) throw new SkeinError("schema_validation_failed", `The ${message.type} message does not fit: ${wrong}.`);
}

/** Puts a message into the inbox, or, when it is due later, beside it. */
export function addMessage(
  state: FakeState,
  target: FakeEntity,
  message: Message,
  stamp: Stamp,
): Omit<SendResult, "duplicate"> {
  const key = state.newId();
  const { at: _, afterMs: _ms, ...content } = message;
  const main = makeStream(state, mainStream(target.entity.url));
  const dueAt = dueTime(message, stamp.now);
  if (dueAt === undefined || dueAt <= stamp.now) {
    const value = { key, from: stamp.principal, ...content, receivedAt: stamp.now };
    main.append([eventOf(ENTITY_EVENTS.inbox, { key, operation: "insert", value }, stamp)]);
    markReady(state, target);
    return { key, offset: main.head };
  }
  const value = { key, from: stamp.principal, ...content, dueAt, requestedAt: stamp.now };
  target.delayed.set(key, value);
  main.append([eventOf(ENTITY_EVENTS.delayed, { key, operation: "insert", value }, stamp)]);
  return { key, offset: main.head, dueAt };
}

/** Messages whose time has come, in the order of their times. */
export function deliverDelayed(state: FakeState): boolean {
  const now = state.clock.now();
  const due = [...state.entities.values()]
    .filter(({ wake }) => wake !== undefined)
    .flatMap((entity) => [...entity.delayed.values()].map((row) => ({ entity, row })))
    .filter(({ row }) => row.dueAt <= now)
    .sort((a, b) => a.row.dueAt - b.row.dueAt);
  for (const { entity, row } of due) {
    entity.delayed.delete(row.key);
    const { key, from, dueAt: _, requestedAt: _at, ...content } = row;
    const stamp = { principal: from, now };
    const value = { key, from, ...content, receivedAt: now };
    makeStream(state, mainStream(entity.entity.url)).append([
      eventOf(ENTITY_EVENTS.inbox, { key, operation: "insert", value }, stamp),
      eventOf(ENTITY_EVENTS.delayed, { key, operation: "delete" }, stamp),
    ]);
    markReady(state, entity);
  }
  return due.length > 0;
}

export type MessageOrder = { readonly kind: "edit"; readonly edit: InboxEdit } | { readonly kind: "remove" };
interface Queued {
  readonly row: InboxRow;
  readonly position: number;
}

/** Edits, moves or takes back a message that nobody handles yet. */
export function changeMessage(
  state: FakeState,
  target: { readonly url: string; readonly key: string },
  order: MessageOrder,
  stamp: Stamp,
): InboxEditResult {
  const { url, key } = target;
  const entity = requireLiving(state, url);
  const main = makeStream(state, mainStream(url));
  const waiting = entity.delayed.get(key);
  if (waiting) return changeDelayed(state, entity, waiting, order, stamp);
  const { wake } = entity;
  const queued = inboxOf(main.events);
  const found = queued.find(({ row }) => row.key === key);
  if (!found) {
    const handled = main.events
      .slice(0, wake.acked)
      .some((event) => event.type === ENTITY_EVENTS.inbox && event.key === key);
    if (handled) throw new SkeinError("conflict", `It is too late: the message ${key} was handled.`);
    throw new SkeinError("not_found", `${url} has no message ${key} that waits.`);
  }
  const claimed = wake.state === "claimed" && (wake.claim?.leaseUntil ?? 0) > stamp.now;
  const free = claimed ? (entity.taken ?? Infinity) : wake.acked;
  if (found.position < free) {
    throw new SkeinError("conflict", `It is too late: the message ${key} is being handled, or was.`);
  }
  const events = editEvents(
    state,
    entity,
    { found, free: queued.filter(({ position }) => position >= free) },
    order,
    stamp,
  );
  main.append(events);
  if (claimed && events.length > 0) entity.edited = main.events.length;
  return { key, offset: main.head };
}

function inboxOf(events: readonly ChangeEvent[]): Queued[] {
  const rows = new Map<string, Queued>();
  for (const [position, event] of events.entries()) {
    if (event.type !== ENTITY_EVENTS.inbox) continue;
    if (event.headers.operation === "delete") rows.delete(event.key);
    else rows.set(event.key, { row: inboxRow.parse(event.value), position: rows.get(event.key)?.position ?? position });
  }
  return [...rows.values()].sort((a, b) => a.position - b.position);
}

function editEvents(
  state: FakeState,
  entity: FakeEntity,
  { found, free }: { readonly found: Queued; readonly free: readonly Queued[] },
  order: MessageOrder,
  stamp: Stamp,
): ChangeEvent[] {
  const { row } = found;
  if (order.kind === "remove") return [eventOf(ENTITY_EVENTS.inbox, { key: row.key, operation: "delete" }, stamp)];
  const { payload, type, before, after, at, afterMs } = order.edit;
  if ((at ?? afterMs) !== undefined) {
    throw new SkeinError(
      "invalid_request",
      "The message is queued already: `at` and `afterMs` are for those that wait.",
    );
  }
  const says = payload !== undefined || type !== undefined;
  const edited: InboxRow = says
    ? {
        ...row,
        ...(payload !== undefined && { payload }),
        ...(type !== undefined && { type }),
        editedBy: stamp.principal,
        editedAt: stamp.now,
      }
    : row;
  if (says) checkMessage(state, entity.entity.type, edited);
  const anchor = before ?? after;
  if (anchor === undefined) {
    return [eventOf(ENTITY_EVENTS.inbox, { key: row.key, operation: "update", value: edited }, stamp)];
  }
  return moveEvents(free, edited, { anchor, behind: before === undefined }, stamp);
}

/** The order of messages is the log's: those whose place changes are taken out and put in again behind all others. */
function moveEvents(
  free: readonly Queued[],
  moved: InboxRow,
  { anchor, behind }: { readonly anchor: string; readonly behind: boolean },
  stamp: Stamp,
): ChangeEvent[] {
  if (anchor === moved.key) throw new SkeinError("invalid_request", "A message has no place beside itself.");
  const order = free.map(({ row }) => row);
  const others = order.filter(({ key }) => key !== moved.key);
  const index = others.findIndex(({ key }) => key === anchor);
  if (index < 0) throw new SkeinError("conflict", `The message ${anchor} does not wait any more.`);
  const wanted = [...others.slice(0, behind ? index + 1 : index), moved, ...others.slice(behind ? index + 1 : index)];
  const first = wanted.findIndex((row, at) => row !== order[at]);
  const again = first < 0 ? [] : wanted.slice(first);
  return [
    ...again.map(({ key }) => eventOf(ENTITY_EVENTS.inbox, { key, operation: "delete" }, stamp)),
    ...again.map((value) => eventOf(ENTITY_EVENTS.inbox, { key: value.key, operation: "insert", value }, stamp)),
  ];
}

function changeDelayed(
  state: FakeState,
  entity: FakeEntity,
  waiting: NonNullable<ReturnType<FakeEntity["delayed"]["get"]>>,
  order: MessageOrder,
  stamp: Stamp,
): InboxEditResult {
  const { key } = waiting;
  const main = makeStream(state, mainStream(entity.entity.url));
  if (order.kind === "remove") {
    entity.delayed.delete(key);
    main.append([eventOf(ENTITY_EVENTS.delayed, { key, operation: "delete" }, stamp)]);
    return { key, offset: main.head };
  }
  const { payload, type, before, after } = order.edit;
  if ((before ?? after) !== undefined) {
    throw new SkeinError("invalid_request", "The message waits for its time: it has no place among those queued.");
  }
  const dueAt = dueTime(order.edit, stamp.now) ?? waiting.dueAt;
  const changed = {
    ...waiting,
    ...(payload !== undefined && { payload }),
    ...(type !== undefined && { type }),
    dueAt,
    editedBy: stamp.principal,
    editedAt: stamp.now,
  };
  checkMessage(state, entity.entity.type, { payload: changed.payload, type: changed.type, at: dueAt });
  entity.delayed.set(key, changed);
  main.append([eventOf(ENTITY_EVENTS.delayed, { key, operation: "update", value: changed }, stamp)]);
  return { key, offset: main.head, dueAt };
}

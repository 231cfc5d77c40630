import { ENTITY_EVENTS, SkeinError, type ChangeEvent, type InboxRow } from "@skein/protocol";
import { changeEventOf, type Stamp } from "./events.ts";
import type { QueuedMessage } from "./plan-message.ts";

/** Moving a message writes all those anew that come behind it then: so many, and so much of them, at most. */
const MAX_MOVED = 200;
const MAX_MOVED_BYTES = 4 * 1024 * 1024;

export type Place = { readonly before: string } | { readonly after: string };

/**
 * Gives a queued message another place. The order of messages is the order of the log and nothing else, so those whose
 * place changes are taken out and put in again, behind all others, in their new order.
 */
export function moveMessage(
  { queued, moved, place }: { queued: readonly QueuedMessage[]; moved: InboxRow; place: Place },
  stamp: Stamp,
): ChangeEvent[] | SkeinError {
  const anchor = "before" in place ? place.before : place.after;
  if (anchor === moved.key) return new SkeinError("invalid_request", "A message has no place beside itself.");
  const order = queued.map(({ row }) => row);
  const others = order.filter(({ key }) => key !== moved.key);
  const index = others.findIndex(({ key }) => key === anchor);
  if (index < 0) return new SkeinError("conflict", `The message ${anchor} does not wait any more.`);
  const wanted = others.toSpliced("before" in place ? index : index + 1, 0, moved);
  const first = wanted.findIndex((row, at) => row !== order[at]);
  const again = first < 0 ? [] : wanted.slice(first);
  const bytes = again.reduce((sum, row) => sum + Buffer.byteLength(JSON.stringify(row)), 0);
  if (again.length > MAX_MOVED || bytes > MAX_MOVED_BYTES) {
    return new SkeinError("too_large", `More than ${MAX_MOVED} messages, or too much, would have to move with it.`);
  }
  return [
    ...again.map(({ key }) => changeEventOf(ENTITY_EVENTS.inbox, key, "delete", undefined, stamp)),
    ...again.map((row) => changeEventOf(ENTITY_EVENTS.inbox, row.key, "insert", row, stamp)),
  ];
}

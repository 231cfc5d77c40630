import type { Operation, Store } from "@skein/store";
import type { LogEvent } from "../context.ts";
import type { PushedRecord, PushRecord } from "../records/collections.ts";
import type { SessionRecord } from "../sessions/session.ts";
import { toSession } from "../sessions/session.ts";
import { messagesFor, seen, type Due, type Seen } from "./messages.ts";
import { vapidKeys } from "./keys.ts";
import type { PushService } from "./send.ts";

export interface WatchDeps {
  readonly store: Store;
  readonly service: PushService;
  readonly signal: AbortSignal;
  readonly log: (event: LogEvent) => void;
}

/** Sessions that are remembered; of those that were active longest ago nothing new is expected. */
const MAX_SEEN = 2_000;
const PAGE = 10;
/** Sessions at work change many times a second, and nobody is told that often. */
const BETWEEN_MS = 200;
/** Times in a row. */
const MAX_FAILURES = 20;

/** Tells browsers what changes, from now until the signal. Every server runs one; each message is sent by one of them. */
export function watchForPush(deps: WatchDeps): void {
  const { store, signal, log } = deps;
  const known = new Map<string, Seen>();
  let since = -1;
  let looking = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const changed = async (): Promise<SessionRecord[]> => {
    const found: SessionRecord[] = [];
    let after: string | undefined;
    do {
      const query = { collection: "sessions", index: "byActivity", descending: true, limit: PAGE } as const;
      const page = await store.queryRecords<SessionRecord>({ ...query, ...(after !== undefined && { after }) });
      // Equal times are looked at again: what is known of them says whether they are new.
      const fresh = page.records.map(({ value }) => value).filter((one) => one.lastActivityAt >= since);
      found.push(...fresh);
      after = fresh.length === page.records.length ? page.next : undefined;
    } while (after !== undefined && found.length < MAX_SEEN);
    return found;
  };
  const failed = (error: unknown): void => {
    if (!signal.aborted) log({ level: "warn", message: "Browsers could not be told what changed.", error });
  };
  const look = async (): Promise<void> => {
    const first = since < 0;
    for (const record of (await changed()).reverse()) {
      const session = toSession(record);
      const due = first ? [] : messagesFor(known.get(session.id), session);
      known.delete(session.id);
      known.set(session.id, seen(session));
      since = Math.max(since, session.lastActivityAt);
      // A browser that cannot be reached holds up no other message.
      for (const one of due) void deliver(deps, session.id, one).catch(failed);
    }
    since = Math.max(since, 0);
    for (const id of [...known.keys()].slice(0, Math.max(0, known.size - MAX_SEEN))) known.delete(id);
  };
  const kick = (): void => {
    again = true;
    if (looking || signal.aborted) return;
    looking = true;
    again = false;
    void look()
      .catch(failed)
      .finally(() => {
        timer = setTimeout(() => {
          looking = false;
          if (again) kick();
        }, BETWEEN_MS).unref();
      });
  };
  const stopWatching = store.watchCollection("sessions", kick);
  const stop = (): void => {
    stopWatching();
    clearTimeout(timer);
  };
  signal.addEventListener("abort", stop, { once: true });
  kick();
}

async function deliver({ store, service, signal }: WatchDeps, session: string, due: Due): Promise<void> {
  const { records } = await store.queryRecords<PushRecord>({ collection: "push", limit: 1000 });
  const wanted = records.filter(({ value }) => value.wants[due.about]);
  if (wanted.length === 0 || !(await claimSending(store, session, due.key))) return;
  const keys = await vapidKeys(store);
  await Promise.all(
    wanted.map(async ({ id, value, version }) => {
      const outcome = signal.aborted ? "failed" : await service.send(value, due.message, keys);
      const failures = outcome === "sent" ? 0 : value.failures + 1;
      if (failures === value.failures) return;
      const forget = outcome === "gone" || failures >= MAX_FAILURES;
      const at = { collection: "push", id, expectedVersion: version };
      const operation: Operation = forget
        ? { kind: "delete-record", ...at }
        : { kind: "put-record", ...at, value: { ...value, failures } };
      // Rejected: it was changed or taken back meanwhile, and that holds.
      await store.commit([operation]);
    }),
  );
}

/** Whether this server is the one that sends it. */
async function claimSending(store: Store, session: string, key: string): Promise<boolean> {
  const before = await store.getRecord<PushedRecord>("pushed", session);
  if (before?.value.keys.includes(key)) return false;
  const value: PushedRecord = { keys: [...(before?.value.keys ?? []), key].slice(-50) };
  const expectedVersion = before?.version ?? 0;
  const outcome = await store.commit([
    { kind: "put-record", collection: "pushed", id: session, value, expectedVersion },
  ]);
  return outcome.kind === "committed" || claimSending(store, session, key);
}

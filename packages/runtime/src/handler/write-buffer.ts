import type { ChangeEvent, ClaimCommit, Message, Tags } from "@skein/protocol";

/** What a handler did and the server does not know yet. Taken as one batch: one commit. */
export interface Batch {
  readonly writes: ReadonlyMap<string, { readonly create: boolean; readonly events: readonly ChangeEvent[] }>;
  /** `undefined`: removed. */
  readonly tags: ReadonlyMap<string, string | undefined>;
  readonly sends: readonly { readonly to: string; readonly message: Message }[];
}

export interface WriteBuffer {
  write(stream: string, event: ChangeEvent): void;
  /** Makes the stream if it is not there. */
  create(stream: string): void;
  tag(name: string, value: string | undefined): void;
  send(to: string, message: Message): void;
  /** Everything since the last `take`; `undefined` when there is nothing. */
  take(): Batch | undefined;
  /** Puts a batch that was refused back in front of what came since. */
  restore(batch: Batch): void;
}

interface Draft {
  writes: Map<string, { create: boolean; events: ChangeEvent[] }>;
  tags: Map<string, string | undefined>;
  sends: { to: string; message: Message }[];
}

const emptyDraft = (): Draft => ({ writes: new Map(), tags: new Map(), sends: [] });

export function createWriteBuffer(): WriteBuffer {
  let draft = emptyDraft();
  const at = (stream: string): { create: boolean; events: ChangeEvent[] } => {
    let entry = draft.writes.get(stream);
    if (!entry) draft.writes.set(stream, (entry = { create: false, events: [] }));
    return entry;
  };
  return {
    write: (stream, event) => void at(stream).events.push(event),
    create(stream) {
      at(stream).create = true;
    },
    tag: (name, value) => void draft.tags.set(name, value),
    send: (to, message) => void draft.sends.push({ to, message }),
    take() {
      const { writes, tags, sends } = draft;
      if (writes.size + tags.size + sends.length === 0) return undefined;
      draft = emptyDraft();
      return { writes, tags, sends };
    },
    restore(batch) {
      const later = draft;
      draft = emptyDraft();
      for (const [stream, { create, events }] of [...batch.writes, ...later.writes]) {
        const entry = at(stream);
        entry.create ||= create;
        for (const event of events) entry.events.push(event);
      }
      draft.tags = new Map([...batch.tags, ...later.tags]);
      draft.sends = [...batch.sends, ...later.sends];
    },
  };
}

/** The parts of `claim/commit` that a batch becomes. */
export function toCommit(batch: Batch | undefined): Pick<ClaimCommit, "writes" | "tags" | "sends"> {
  if (!batch) return {};
  const set: Tags = {};
  const remove: string[] = [];
  for (const [name, value] of batch.tags) {
    if (value === undefined) remove.push(name);
    else set[name] = value;
  }
  return {
    writes: [...batch.writes].map(([stream, { create, events }]) => ({
      stream,
      events: [...events],
      ...(create ? { create } : {}),
    })),
    ...(batch.tags.size > 0 ? { tags: { set, remove } } : {}),
    sends: [...batch.sends],
  };
}

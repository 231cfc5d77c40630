import { z } from "zod";
import type { Normalised, SkipReason } from "./normalised.ts";

/** A native record where it stands in a file, and what became of it. */
export interface CountedRecord {
  /** Empty for the session's own file; else the file's path beside it. */
  readonly file: string;
  /** From 1; 0 for what the end of the session brought. */
  readonly line: number;
  /** The record; absent when the line holds none. */
  readonly raw?: unknown;
  readonly normalised: Normalised;
}

export interface NotShown {
  readonly file?: string;
  readonly line: number;
  readonly kind: string;
  readonly reason: SkipReason;
  readonly detail?: string;
}

/** What is in a session's files and what becomes of it, as data. */
export interface Census {
  readonly agent: "claude" | "codex";
  readonly path: string;
  readonly sizeBytes: number;
  readonly lines: number;
  /** Files of sub-agents that belong to the session. */
  readonly files: readonly { readonly path: string; readonly lines: number }[];
  readonly session: {
    readonly id?: string;
    readonly title?: string;
    readonly cwd?: string;
    readonly agentVersion?: string;
  };
  /** Native rows by kind. */
  readonly native: Readonly<Record<string, number>>;
  /** Content blocks of the messages among them. */
  readonly blocks: Readonly<Record<string, number>>;
  /** Transcript events by type. */
  readonly events: Readonly<Record<string, number>>;
  /** Rows that are not shown, by reason, and each of them. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly notShown: readonly NotShown[];
}

const typed = z.looseObject({ type: z.string() });
const attached = z.looseObject({ attachment: typed });
const system = z.looseObject({ subtype: z.string() });
const enveloped = z.looseObject({
  payload: z.looseObject({
    type: z.string(),
    role: z.string().optional().catch(undefined),
    item: typed.optional().catch(undefined),
  }),
});
const messaged = z.looseObject({ message: z.looseObject({ content: z.union([z.string(), z.array(z.unknown())]) }) });

/** The kind of a native record: its type, and for envelopes what is inside. */
export function nativeKind(raw: unknown): string {
  const record = typed.safeParse(raw);
  if (!record.success) return "no type";
  const { type } = record.data;
  const inner = attached.safeParse(raw);
  if (type === "attachment" && inner.success) return `attachment/${inner.data.attachment.type}`;
  const sub = system.safeParse(raw);
  if (type === "system" && sub.success) return `system/${sub.data.subtype}`;
  const envelope = enveloped.safeParse(raw);
  if (envelope.success) {
    const { type: inside, role, item } = envelope.data.payload;
    return [type, inside, role ?? item?.type].filter((part) => part !== undefined).join("/");
  }
  return type;
}

export interface CensusTaker {
  add(record: CountedRecord): void;
  take(about: { agent: Census["agent"]; path: string; sizeBytes: number }): Census;
}

export function createCensus(): CensusTaker {
  const native = new Map<string, number>();
  const blocks = new Map<string, number>();
  const events = new Map<string, number>();
  const reasons = new Map<string, number>();
  const files = new Map<string, number>();
  const notShown: NotShown[] = [];
  let session: Census["session"] = {};
  const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    add({ file, line, raw, normalised }) {
      const { rows, skipped } = normalised;
      const kind = raw === undefined ? `(${skipped?.reason ?? "end"})` : nativeKind(raw);
      if (line > 0) {
        files.set(file, Math.max(files.get(file) ?? 0, line));
        count(native, kind);
        for (const block of blocksIn(raw, kind)) count(blocks, block);
      }
      for (const row of rows) {
        count(events, row.type);
        session = told(session, row.payload);
      }
      if (skipped === undefined) return;
      count(reasons, skipped.reason);
      const where = file === "" ? {} : { file };
      const detail = skipped.detail === undefined || skipped.detail === kind ? {} : { detail: skipped.detail };
      notShown.push({ ...where, line, kind, reason: skipped.reason, ...detail });
    },
    take: (about) => ({
      ...about,
      lines: files.get("") ?? 0,
      files: [...files].filter(([path]) => path !== "").map(([path, lines]) => ({ path, lines })),
      session,
      native: sorted(native),
      blocks: sorted(blocks),
      events: sorted(events),
      reasons: sorted(reasons),
      notShown,
    }),
  };
}

function told(session: Census["session"], event: Normalised["rows"][number]["payload"]): Census["session"] {
  if (event.type === "title") return { ...session, title: event.title };
  if (event.type !== "session_init" || session.id !== undefined) return session;
  return {
    ...session,
    ...(event.nativeSessionId === undefined ? {} : { id: event.nativeSessionId }),
    ...(event.cwd === undefined ? {} : { cwd: event.cwd }),
    ...(event.agentVersion === undefined ? {} : { agentVersion: event.agentVersion }),
  };
}

function blocksIn(raw: unknown, kind: string): string[] {
  const parsed = messaged.safeParse(raw);
  if (!parsed.success) return [];
  const { content } = parsed.data.message;
  if (typeof content === "string") return [`${kind} string`];
  return content.map((block) => {
    const known = typed.safeParse(block);
    return `${kind} ${known.success ? known.data.type : "no type"}`;
  });
}

/** Most frequent first, then by name: the same whatever the order of the rows. */
function sorted(counts: Map<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

import { z } from "zod";
import { SkeinError } from "@skein/protocol";
import type { AgentAdapter, NativeSession, NativeSessions } from "../adapter.ts";
import type { Checkpoints } from "../git/checkpoints.ts";
import { shownRefusal } from "../git/refusal.ts";
import { checkDirectory } from "./admission.ts";
import type { DirectoryRules } from "./admission.ts";
import type { Attachments } from "./attachments.ts";

/** What anybody may ask the machine of a coder: the runner calls of `docs/design/http.md`. */
export type CoderCalls = Readonly<Record<string, (params: unknown) => Promise<unknown>>>;

/** Sessions by agent, of agents that are not driven here. */
export type Sources = Readonly<Record<string, NativeSessions | undefined>>;

export interface CallsDeps {
  readonly adapters: readonly AgentAdapter[];
  readonly sources: Sources;
  readonly directories: DirectoryRules;
  readonly attachments: () => Promise<Attachments>;
  readonly checkpoints: Checkpoints;
}

const listParams = z
  .object({
    agent: z.string().optional(),
    /** Also those that can only be imported, since their agent is not driven here. */
    importable: z.boolean().default(false),
    search: z.string().max(200).optional(),
    limit: z.number().int().min(1).max(500).default(100),
  })
  .default({ limit: 100, importable: false });
const checkpointName = z.object({
  session: z.string().min(1).max(200),
  turn: z.string().min(1).max(200),
  edge: z.enum(["start", "end"]),
});
/** `base`: from which both come; all three of one repository, in which `directory` lies. */
const compareParams = z.object({
  directory: z.string().min(1).max(4096),
  base: checkpointName,
  a: checkpointName,
  b: checkpointName,
});
const checkParams = z.object({ path: z.string().min(1).max(4096) });

export function createCoderCalls(deps: CallsDeps): CoderCalls {
  return {
    async "sessions.list"(params) {
      const { agent, search, limit, importable } = parse(listParams, params);
      const driven = Object.fromEntries(deps.adapters.map((adapter) => [adapter.agent, adapter.sessions]));
      const known: Sources = importable ? { ...deps.sources, ...driven } : driven;
      const wanted = Object.entries(known).filter(([name]) => agent === undefined || name === agent);
      const attachments = await deps.attachments();
      const options = { limit, ...(search === undefined ? {} : { search }) };
      const found = await Promise.all(
        wanted.map(async ([name, source]) => {
          const { sessions = [], skipped = 0 } = (await source?.list(options)) ?? {};
          return { skipped, sessions: sessions.map((session) => shown(name, session, attachments)) };
        }),
      );
      return {
        sessions: found
          .flatMap(({ sessions }) => sessions)
          .sort((a, b) => b.updatedAt - a.updatedAt)
          .slice(0, limit),
        skipped: found.reduce((sum, { skipped }) => sum + skipped, 0),
      };
    },
    async "directories.check"(params) {
      const { path } = parse(checkParams, params);
      return { path: await checkDirectory(path, deps.directories), ok: true };
    },
    async "checkpoints.compare"(params) {
      const { directory, ...names } = parse(compareParams, params);
      const files = await deps.checkpoints.compare(await checkDirectory(directory, deps.directories), names);
      if ("kind" in files) throw new SkeinError("not_found", shownRefusal(files));
      return { files };
    },
    async "agents.status"() {
      const asked = deps.adapters.map(async (adapter) => ({ ...adapter.traits, ...(await adapter.status()) }));
      return { agents: await Promise.all(asked) };
    },
  };
}

function shown(agent: string, session: NativeSession, attachments: Attachments) {
  const { id, title, cwd, firstPrompt, updatedAt, sizeBytes } = session;
  const attachedTo = attachments.get(id);
  const known = { title, cwd, firstPrompt, attachedTo };
  const present = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  return { agent, id, updatedAt, sizeBytes, ...present };
}

function parse<T>(schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  throw new SkeinError("invalid_request", z.prettifyError(parsed.error));
}

import { z } from "zod";
import { SkeinError } from "@skein/protocol";
import type { AgentAdapter, NativeSession } from "../adapter.ts";
import { checkDirectory } from "./admission.ts";
import type { DirectoryRules } from "./admission.ts";
import type { Attachments } from "./attachments.ts";

/** What anybody may ask the machine of a coder: the runner calls of `docs/design/http.md`. */
export type CoderCalls = Readonly<Record<string, (params: unknown) => Promise<unknown>>>;

export interface CallsDeps {
  readonly adapters: readonly AgentAdapter[];
  readonly directories: DirectoryRules;
  readonly attachments: () => Promise<Attachments>;
}

const listParams = z
  .object({
    agent: z.string().optional(),
    search: z.string().max(200).optional(),
    limit: z.number().int().min(1).max(500).default(100),
  })
  .default({ limit: 100 });
const checkParams = z.object({ path: z.string().min(1).max(4096) });

export function createCoderCalls(deps: CallsDeps): CoderCalls {
  return {
    async "sessions.list"(params) {
      const { agent, search, limit } = parse(listParams, params);
      const wanted = deps.adapters.filter((adapter) => agent === undefined || adapter.agent === agent);
      const attachments = await deps.attachments();
      const options = { limit, ...(search === undefined ? {} : { search }) };
      const found = await Promise.all(
        wanted.map(async (adapter) => {
          const { sessions, skipped } = await adapter.sessions.list(options);
          return { skipped, sessions: sessions.map((session) => shown(adapter.agent, session, attachments)) };
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
    async "agents.status"() {
      return { agents: await Promise.all(deps.adapters.map((adapter) => adapter.status())) };
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

import { createHash } from "node:crypto";
import { z } from "zod";
import { refusal, type Refusal } from "./errors.ts";
import { pathOf, patternOf, type Naming } from "./names.ts";
import { webhookUrlProblem } from "./webhook-url.ts";

export const MAX_STREAMS = 1000;

/** The body of a `PUT`. `lease_scope` and `entity_type` are ours. */
const subscriptionBody = z.object({
  type: z.enum(["webhook", "pull-wake"]),
  pattern: z.string().min(1).max(1024).optional(),
  streams: z.array(z.string()).max(MAX_STREAMS).optional(),
  webhook: z.object({ url: z.string().min(1).max(2048) }).optional(),
  wake_stream: z.string().min(1).max(1024).optional(),
  lease_ttl_ms: z.int().min(1000).max(600_000).default(30_000),
  lease_scope: z.enum(["subscription", "stream"]).optional(),
  entity_type: z.string().optional(),
  description: z.string().max(1000).optional(),
});

export interface Config {
  readonly type: "pull-wake" | "webhook";
  readonly scope: "subscription" | "stream";
  readonly pattern?: string;
  readonly streams: readonly string[];
  readonly entityType?: string;
  readonly wakeStream?: string;
  readonly webhookUrl?: string;
  readonly leaseMs: number;
  readonly description?: string;
}

/** What is asked for, with paths in the store; the same request always gives the same hash. */
export type ConfigOutcome = { readonly kind: "config"; readonly config: Config; readonly hash: string } | Refusal;

export interface ConfigRules extends Naming {
  /** The pattern of the inboxes of a type of entity; `undefined`: there are no such. */
  readonly entityPattern?: (type: string) => string | undefined;
}

export function parseConfig(body: unknown, rules: ConfigRules): ConfigOutcome {
  const parsed = subscriptionBody.safeParse(body);
  if (!parsed.success) return bad(z.prettifyError(parsed.error));
  const { type, webhook, wake_stream, lease_ttl_ms, description, entity_type } = parsed.data;
  const covered = coverage(parsed.data, rules);
  if (covered.kind === "refused") return covered;
  const wakeStream = wake_stream === undefined ? undefined : pathOf(wake_stream, {});
  if (type === "pull-wake" && wakeStream === undefined)
    return bad("`wake_stream` has to be the name of a plain stream.");
  if (type === "webhook") {
    if (webhook === undefined) return bad("A webhook subscription needs `webhook.url`.");
    const problem = webhookUrlProblem(webhook.url);
    if (problem !== undefined) return refusal("WEBHOOK_URL_REJECTED", problem);
  }
  const config: Config = {
    type,
    scope: entity_type === undefined ? (parsed.data.lease_scope ?? "subscription") : "stream",
    streams: covered.streams,
    leaseMs: lease_ttl_ms,
    ...(covered.pattern !== undefined && { pattern: covered.pattern }),
    ...(entity_type !== undefined && { entityType: entity_type }),
    ...(type === "pull-wake" && wakeStream !== undefined && { wakeStream }),
    ...(type === "webhook" && webhook && { webhookUrl: webhook.url }),
    ...(description !== undefined && { description }),
  };
  return { kind: "config", config, hash: hashOf(config) };
}

type Coverage = { readonly kind: "covered"; readonly pattern?: string; readonly streams: readonly string[] } | Refusal;

function coverage(body: z.output<typeof subscriptionBody>, rules: ConfigRules): Coverage {
  const { pattern, streams = [], entity_type } = body;
  if (entity_type !== undefined) {
    if (pattern !== undefined || streams.length > 0)
      return bad("`entity_type` stands for itself: no pattern or streams.");
    const inboxes = rules.entityPattern?.(entity_type);
    if (inboxes === undefined) return bad(`There are no entities of type ${entity_type} here.`);
    return { kind: "covered", pattern: inboxes, streams: [] };
  }
  if (pattern === undefined && streams.length === 0) return bad("A subscription needs a `pattern` or `streams`.");
  const glob = pattern === undefined ? undefined : patternOf(pattern, rules);
  if (pattern !== undefined && glob === undefined) {
    return bad("This pattern cannot be used: `*` and `**` stand for whole segments, of streams that may be read.");
  }
  const paths = parseStreams(streams, rules);
  if ("kind" in paths) return paths;
  return { kind: "covered", streams: paths, ...(glob !== undefined && { pattern: glob }) };
}

export function parseStreams(names: readonly string[], rules: Naming): string[] | Refusal {
  const paths = new Set<string>();
  for (const name of names) {
    const path = pathOf(name, rules);
    if (path === undefined)
      return bad(`${JSON.stringify(name)} is not the name of a stream that can be subscribed to.`);
    paths.add(path);
  }
  return [...paths];
}

function hashOf(config: Config): string {
  const { streams, ...rest } = config;
  const entries = Object.entries({ ...rest, streams: [...streams].sort() }).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex");
}

function bad(message: string): Refusal {
  return refusal("INVALID_REQUEST", message);
}

import { isChangeEvent, type Client, type StreamEvent } from "@skein/runtime/client";
import { SkeinError } from "@skein/protocol";
import { z } from "zod";
import { seenRow } from "./relay.ts";

export interface ChaosResult {
  readonly handled: number;
  /** What is not as promised, in words. */
  readonly problems: readonly string[];
}

const inbox = z.object({ payload: z.unknown() });
const pending = z.object({ streams: z.array(z.object({ has_pending: z.boolean() })) });
const DEADLINE_MS = 240_000;

/** Waits until everything was handled (or for four minutes, and then says what was not), and judges the logs. */
export async function readResult(client: Client, entities: number, expected: number): Promise<ChaosResult> {
  const logs: StreamEvent[][] = Array.from({ length: entities }, () => []);
  const until = Date.now() + DEADLINE_MS;
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));
  const seen = (): number => logs.reduce((sum, log) => sum + of(log, "seen").length, 0);
  do {
    await inGroups(entities, async (entity) => {
      const log = logs[entity] ?? [];
      const { events } = await readOn(client, `/relay/${entity}/main`, log.length);
      log.push(...events);
    });
    // So that looking takes no time from working.
    if (seen() < expected) await pause();
  } while (seen() < expected && Date.now() < until);

  const problems = logs.flatMap((log, entity) => judge(log).map((problem) => `/relay/${entity}: ${problem}`));
  await inGroups(entities, async (entity) => {
    while (await hasInput(client, entity)) {
      if (Date.now() > until) return void problems.push(`/relay/${entity}: its inbox is not empty`);
    }
  });
  return { handled: seen(), problems };
}

function of(log: readonly StreamEvent[], type: string) {
  return log.filter(isChangeEvent).filter((event) => event.type === type);
}

/** Each message was noted once, and those of one sender in the order in which they were sent. */
function judge(log: readonly StreamEvent[]): string[] {
  const problems: string[] = [];
  const last = new Map<string, number>();
  const noted = new Set<string>();
  for (const { key, value } of of(log, "seen")) {
    const { from, n } = seenRow.parse(value);
    if (noted.has(key)) problems.push(`${key} was noted twice`);
    if (n !== (last.get(from) ?? 0) + 1) problems.push(`${from} ${n} was handled after ${last.get(from) ?? "nothing"}`);
    noted.add(key);
    last.set(from, n);
  }
  for (const { value } of of(log, "inbox")) {
    const { from, n } = seenRow.omit({ key: true }).parse(inbox.parse(value).payload);
    if (!noted.has(`${from} ${n}`)) problems.push(`${from} ${n} was not handled`);
  }
  for (const { value } of of(log, "error")) problems.push(`it failed: ${JSON.stringify(value)}`);
  return problems;
}

async function readOn(client: Client, path: string, position: number): Promise<{ events: readonly StreamEvent[] }> {
  const from = `${String(position).padStart(16, "0")}_${"0".repeat(16)}`;
  return insist(() => client.readStream(path, { from }));
}

async function hasInput(client: Client, entity: number): Promise<boolean> {
  const path = `/v1/stream/__ds/subscriptions/entity:relay:${entity}`;
  const { streams } = await insist(() => client.transport.json(pending, "GET", path));
  return streams.some(({ has_pending }) => has_pending);
}

/** A server that was just started may need a moment. */
async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > 500 || !(error instanceof SkeinError) || error.code !== "unavailable") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Eight at a time. */
export async function inGroups(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work((next += 1) - 1);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { createClient, isChangeEvent } from "@skein/runtime/client";
import type { Client, StreamEvent } from "@skein/runtime/client";
import { sessionStreams, TRANSCRIPT_EVENT } from "@skein/sessions";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import { packagedBinary } from "../claude/binary.ts";
import { sessionMarker } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";

/** kill -9 of server, runner and coder in the middle of a turn of the real agent, again and again. */
const binary = packagedBinary();
const table = procTable();
const ready = z.object({ url: z.string(), token: z.string() });
const host = fileURLToPath(new URL("../testing/coder-host.ts", import.meta.url));
const ROUNDS = 10;
const PATIENCE_MS = 60_000;

let claude: ClaudeLab;
let home: string;
let child: ChildProcess | undefined;

beforeEach(async ({ skip }) => {
  skip(binary === undefined, "The optional package with the Claude Code binary is not installed.");
  skip(process.platform !== "linux", "Processes of a crashed runner are found by their environment in /proc.");
  claude = await createClaudeLab();
  home = join(claude.root, "skein");
  await mkdir(home);
});
afterEach(async () => {
  if (child?.exitCode === null) await kill(child);
  await claude.close();
});

async function start(): Promise<{ child: ChildProcess; client: Client }> {
  const args = ["--import", "tsx", "--conditions=@skein/source", host, home, claude.cwd, binary ?? ""];
  const started = spawn(process.execPath, args, { env: claude.environment, stdio: ["ignore", "pipe", "inherit"] });
  child = started;
  const [line] = await Promise.race([
    once(createInterface(started.stdout), "line"),
    once(started, "exit").then(() => Promise.reject(new Error("The host ended before it was ready."))),
  ]);
  const { url, token } = ready.parse(JSON.parse(String(line)));
  return { child: started, client: createClient({ baseUrl: url, token }) };
}

async function kill(process: ChildProcess): Promise<void> {
  const exited = once(process, "exit");
  process.kill("SIGKILL");
  await exited;
}

const path = sessionStreams("s").main;

async function readAll(client: Client): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const batch of client.followStream({ path, missingMs: PATIENCE_MS })) {
    events.push(...batch.events);
    if (batch.upToDate) return events;
  }
  return events;
}

function rowsOf(events: readonly StreamEvent[]): CodingSessionTranscriptRow[] {
  return events.flatMap((event) =>
    isChangeEvent(event) && event.type === TRANSCRIPT_EVENT ? [event.value as CodingSessionTranscriptRow] : [],
  );
}
const isEnd = ({ type }: CodingSessionTranscriptRow) => type === "turn_complete" || type === "turn_aborted";

async function until(client: Client, what: string, isSo: (rows: CodingSessionTranscriptRow[]) => boolean) {
  const events: StreamEvent[] = [];
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for await (const batch of client.followStream({ path, signal, missingMs: PATIENCE_MS })) {
    events.push(...batch.events);
    if (isSo(rowsOf(events))) return rowsOf(events);
  }
  throw new Error(
    `Waited in vain for ${what}: ${rowsOf(events)
      .map(({ type }) => type)
      .join(" ")}`,
  );
}

/** A linear congruential generator: the same moments in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

test("[CD19][CD22] killed in the middle of a turn, ten times", { timeout: 240_000 }, async () => {
  const random = randomFrom(20_261_122);
  let before: StreamEvent[] = [];
  let prompts = 0;
  let { client } = await start();
  await client.spawn("coder", "s", { args: { agent: "claude", permissionMode: "bypass" } });

  for (let round = 0; round < ROUNDS; round += 1) {
    const mark = join(claude.cwd, `up-${String(round)}.txt`);
    const text = `[[slow: 20,10]] [[bash: setsid sleep 600 & echo up > ${mark}; sleep 0.3]] [[slow: 40,10]]`;
    await client.send("/coder/s", { type: "prompt", payload: { text } });
    prompts += 1;
    // Half of the kills come while the command certainly runs, the others anywhere between the first row and the end.
    if (round % 2 === 0) await expect.poll(() => readFile(mark, "utf8").catch(() => ""), PATIENT).toBe("up\n");
    else
      await until(client, "the prompt", (rows) => rows.filter(({ type }) => type === "user_message").length >= prompts);
    await sleep(random() * 400);
    before = await readAll(client);
    if (child !== undefined) await kill(child);

    ({ client } = await start());
    await client.send("/coder/s", { type: "prompt", payload: { text: `[[say: round ${String(round)}]]` } });
    prompts += 1;
    await until(client, "the next answer", (rows) => rows.filter(isEnd).length >= prompts);
    const after = await readAll(client);
    expect(after.slice(0, before.length)).toEqual(before);
    const rows = rowsOf(after);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    expect(rows.filter(({ type }) => type === "user_message")).toHaveLength(prompts);
    expect(rows.filter(isEnd)).toHaveLength(prompts);
    expect(rows.at(-1)?.payload).toMatchObject({ type: "turn_complete", success: true });
    const said = rows.filter(({ payload }) => "text" in payload && payload.text === `round ${String(round)}`);
    expect(said).toHaveLength(1);
    // Only the agent of the last turn, kept warm: nothing of the one that was cut off.
    expect(await table.find((marker) => marker === sessionMarker(home, "s"))).toHaveLength(1);
  }

  const ends = rowsOf(await readAll(client)).filter(isEnd);
  expect(ends.filter(({ type }) => type === "turn_aborted").length).toBeGreaterThanOrEqual(ROUNDS / 2);
  if (child !== undefined) await kill(child);
  ({ client } = await start());
  expect(await table.find((marker) => marker === sessionMarker(home, "s"))).toEqual([]);
});

const PATIENT = { timeout: PATIENCE_MS };

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClaudeLab, createCodexLab, CODEX_LAB_MODEL, missingAgents } from "@skein/coder/testing";
import { createClient, isChangeEvent, type Client, type StreamEvent } from "@skein/runtime/client";
import {
  codingSessionTranscriptRow,
  sessionStreams,
  TRANSCRIPT_EVENT,
  type CodingSessionTranscriptRow,
} from "@skein/sessions";
import { expect, onTestFinished, test } from "vitest";
import { marked, seeded, stillAlive } from "../testing/agent-processes.ts";
import { startSkein, tempFolder } from "../testing/cli-process.ts";
import { watchStream } from "../testing/watch-stream.ts";

/**
 * Three sessions of each agent work at the same time while, at random moments that are the same at every run, the
 * server with its runner is killed without warning, or one of the agents. Short here; `SKEIN_SOAK_TURNS=20` is the
 * whole of it.
 */
const TURNS = Number(process.env["SKEIN_SOAK_TURNS"] ?? 4);
const SEED = 7;
/** Six agents start at once. */
const PATIENCE_MS = 110_000;
const AGENTS = {
  claude: { agent: "claude", permissionMode: "bypass" },
  codex: { agent: "codex", permissionMode: "bypass", model: CODEX_LAB_MODEL },
} as const;
const SESSIONS = (["claude", "codex"] as const).flatMap((agent) =>
  [1, 2, 3].map((n) => ({ agent, id: `soak-${agent}-${n}` })),
);
const missing = missingAgents("claude", "codex");

test.skipIf(missing !== "")(
  `[CD19] soak: sessions of Claude Code and Codex under random kills: every turn is completed or aborted, nothing happens twice, no process is left${missing}`,
  { timeout: 120_000 + TURNS * 60_000 },
  async () => {
    const [claude, codex, home] = [await createClaudeLab(), await createCodexLab(), await tempFolder("soak")];
    onTestFinished(async () => {
      await claude.close();
      await codex.close();
    });
    const random = seeded(SEED);
    const environment = { ...codex.environment, ...claude.environment };
    const start = () => startSkein(home, environment, ["--credentials", "env"]);
    let skein = await start();
    let client = clientOf(skein.ready);
    for (const { agent, id } of SESSIONS)
      await client.spawn("coder", id, { args: { ...AGENTS[agent], cwd: claude.cwd } });
    const prompts = new Map<string, string[]>(SESSIONS.map(({ id }) => [id, []]));
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const { id } of SESSIONS) {
        const log = join(claude.cwd, `${id}-${turn}.log`);
        const text = `[[bash: echo ran >> ${log}]] [[slow: 10,20]] [[say: done ${turn}]]`;
        const message = { type: "prompt", payload: { text }, idempotencyKey: `${id} ${turn}` };
        prompts.get(id)?.push((await client.send(`/coder/${id}`, message)).key);
      }
      await untilSigns(client, prompts, Math.floor(random() * 12));
      const fate = random();
      if (fate < 0.35) {
        const left = await marked(home);
        skein.child.kill("SIGKILL");
        await skein.ended;
        skein = await start();
        client = clientOf(skein.ready);
        expect(await stillAlive(left), `processes of the server that was killed in turn ${turn}`).toEqual([]);
      } else if (fate < 0.75) {
        const agents = await marked(home);
        const victim = agents[Math.floor(random() * agents.length)];
        // It may have ended by itself in this moment.
        if (victim) killQuietly(victim.pid);
      }
      for (const { id } of SESSIONS) await untilEnded(client, id, prompts.get(id)?.at(-1) ?? "");
    }
    const outcomes: string[] = [];
    for (const { id } of SESSIONS) {
      const rows = rowsOf((await client.readStream(sessionStreams(id).main, { from: "-1" })).events);
      expect(new Set(rows.map(({ key }) => key)).size, `rows of ${id}`).toBe(rows.length);
      const of = (type: string) => rows.filter((row) => row.type === type).map(({ promptId }) => promptId);
      expect(of("user_message"), `prompts of ${id}`).toEqual(prompts.get(id));
      const ends = rows.filter(({ type }) => type === "turn_complete" || type === "turn_aborted");
      expect(
        ends.map(({ promptId }) => promptId),
        `ends of ${id}`,
      ).toEqual(prompts.get(id));
      for (const [turn, key] of (prompts.get(id) ?? []).entries()) {
        const end = ends.find(({ promptId }) => promptId === key);
        const ran = await linesOf(join(claude.cwd, `${id}-${turn}.log`));
        expect(ran, `how often the command of ${id}, turn ${turn} ran`).toBeLessThanOrEqual(1);
        const whole = end?.payload.type === "turn_complete" && end.payload.success;
        if (whole) expect(ran, `the command of ${id}, turn ${turn}`).toBe(1);
        outcomes.push(whole ? "completed" : "not completed");
      }
    }
    // Kills meet some turns and not all of them.
    expect(outcomes.filter((outcome) => outcome === "completed").length).toBeGreaterThan(outcomes.length / 3);
    skein.child.kill("SIGINT");
    expect((await skein.ended).code).toBe(0);
    expect(await marked(home)).toEqual([]);
  },
);

function clientOf({ url, token }: { readonly url: string; readonly token: string }): Client {
  return createClient({ baseUrl: url, token });
}

/** Until the newest turns have shown so many rows together, or all of them have ended. */
async function untilSigns(
  client: Client,
  prompts: ReadonlyMap<string, readonly string[]>,
  signs: number,
): Promise<void> {
  const watched = [...prompts].map(([id, keys]) => ({
    history: watchStream(client, sessionStreams(id).main),
    key: keys.at(-1),
  }));
  const count = (): number =>
    watched.reduce(
      (sum, { history, key }) => sum + rowsOf(history.seen).filter(({ promptId }) => promptId === key).length,
      0,
    );
  await Promise.race(watched.map(({ history }) => history.until(() => count() >= signs, PATIENCE_MS)));
  await Promise.all(watched.map(({ history }) => history.end()));
}

async function untilEnded(client: Client, id: string, key: string): Promise<void> {
  const history = watchStream(client, sessionStreams(id).main);
  await history.until(
    (seen) => rowsOf(seen).some((row) => row.promptId === key && row.type.startsWith("turn_")),
    PATIENCE_MS,
  );
  await history.end();
}

function rowsOf(events: readonly StreamEvent[]): CodingSessionTranscriptRow[] {
  return events.flatMap((event) =>
    isChangeEvent(event) && event.type === TRANSCRIPT_EVENT ? [codingSessionTranscriptRow.parse(event.value)] : [],
  );
}

async function linesOf(file: string): Promise<number> {
  try {
    return (await readFile(file, "utf8")).split("\n").filter(Boolean).length;
  } catch {
    return 0;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

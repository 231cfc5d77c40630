import { createClaudeLab, type ClaudeLab } from "@skein/coder/testing";
import type { ProcessInfo } from "@skein/coder";
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
 * The server is killed without warning in the middle of a turn of the real Claude Code, ten times on one session. The
 * moments are random and the same at every run: after so many signs of the turn (rows and deltas), or when its command
 * runs, which does not end by itself.
 */
const CRASHES = 10;
const SEED = 20261122;
const MOST_SIGNS = 24;

const CODER = "/coder/crash";
const streams = sessionStreams("crash");

test(
  "[CL6] kill -9 in the middle of a turn, ten times: nothing acknowledged is lost, the turn is aborted, no process is left, the next prompt works",
  { timeout: 400_000 },
  async () => {
    const lab = await createClaudeLab();
    onTestFinished(() => lab.close());
    const home = await tempFolder("crash");
    const random = seeded(SEED);
    let acknowledged: Acknowledged = { history: [], main: [], prompts: [] };
    let left: readonly ProcessInfo[] = [];
    let crashed: Crash | undefined;
    for (let crash = 0; crash <= CRASHES; crash += 1) {
      const skein = await startSkein(home, lab.environment, ["--credentials", "env"]);
      const client = createClient({ baseUrl: skein.ready.url, token: skein.ready.token });
      expect(await stillAlive(left), `processes after crash ${crash}`).toEqual([]);
      if (crash === 0)
        await client.spawn("coder", "crash", { args: { agent: "claude", cwd: lab.cwd, permissionMode: "bypass" } });
      await expectKept(client, acknowledged);
      if (crashed !== undefined) await expectAborted(client, crashed);
      const done = await completeTurn(client, `[[say: back ${crash}]]`, `back ${crash}`);
      if (crash === CRASHES) {
        skein.child.kill("SIGINT");
        expect((await skein.ended).code).toBe(0);
        expect(await marked(home)).toEqual([]);
        return;
      }
      const signs = Math.floor(random() * MOST_SIGNS);
      const torn = await tearTurn(client, prompt(crash, lab), signs);
      left = await marked(home);
      skein.child.kill("SIGKILL");
      await skein.ended;
      acknowledged = { ...torn, prompts: [...acknowledged.prompts, done, torn.prompt] };
      crashed = { promptId: torn.prompt, crashedAt: Date.now() };
    }
  },
);

/** Thinks, talks for most of a second, and runs a command that would go on for minutes. */
function prompt(crash: number, lab: ClaudeLab): string {
  return `[[think: turn ${crash}]] [[slow: 40,20]] [[bash: echo ${crash} >> ${lab.cwd}/ran.txt; sleep 300]] [[say: never]]`;
}

/** What clients were told: events that they read and sends that were answered. */
interface Acknowledged {
  readonly history: readonly StreamEvent[];
  readonly main: readonly StreamEvent[];
  readonly prompts: readonly string[];
}

interface Crash {
  readonly promptId: string;
  /** When the server was gone. */
  readonly crashedAt: number;
}

async function tearTurn(
  client: Client,
  text: string,
  signs: number,
): Promise<Acknowledged & { readonly prompt: string }> {
  const history = watchStream(client, streams.main);
  const main = watchStream(client, `${CODER}/main`);
  const before = (await client.readStream(streams.main, { from: "-1" })).events.length;
  const { key } = await client.send(CODER, { type: "prompt", payload: { text } });
  const live = signs === 0 ? undefined : watchStream(client, streams.live);
  const moment = (seen: readonly StreamEvent[], deltas: number): boolean =>
    seen.length - before + deltas >= signs || rowsOf(seen.slice(before)).some(({ type }) => type === "tool_call");
  await Promise.race([
    history.until((seen) => moment(seen, live?.seen.length ?? 0)),
    live?.until((deltas) => moment(history.seen, deltas.length)) ?? Promise.resolve(),
  ]);
  const seen = { history: [...history.seen], main: [...main.seen], prompts: [], prompt: key };
  await Promise.all([history.end(), main.end(), live?.end()]);
  return seen;
}

/** Everything that was acknowledged before the crash is there, at the same place. */
async function expectKept(client: Client, { history, main, prompts }: Acknowledged): Promise<void> {
  if (prompts.length === 0) return;
  const [historyNow, mainNow] = await Promise.all(
    [streams.main, `${CODER}/main`].map(async (path) => (await client.readStream(path, { from: "-1" })).events),
  );
  expect(historyNow?.slice(0, history.length)).toEqual(history);
  expect(mainNow?.slice(0, main.length)).toEqual(main);
  const inbox = (mainNow ?? []).filter(isChangeEvent).filter(({ type }) => type === "inbox");
  expect(inbox.map(({ key }) => key)).toEqual(prompts);
}

/**
 * The torn turn is closed as aborted, once, and did not run twice. A prompt that no agent had got yet runs now, as was
 * promised: it is interrupted then.
 */
async function expectAborted(client: Client, { promptId, crashedAt }: Crash): Promise<void> {
  const history = watchStream(client, streams.main);
  const mine = (seen: readonly StreamEvent[]): CodingSessionTranscriptRow[] =>
    rowsOf(seen).filter((row) => row.promptId === promptId);
  const ended = (seen: readonly StreamEvent[]): boolean => mine(seen).some(({ type }) => type.startsWith("turn_"));
  await history.until((seen) => mine(seen).some(({ type }) => type === "user_message"));
  const begun = mine(history.seen).find(({ type }) => type === "user_message")?.ts ?? 0;
  if (begun > crashedAt) {
    await history.until((seen) => mine(seen).some(({ type }) => type === "tool_call"));
    await client.signal(CODER, "interrupt");
  }
  await history.until(ended);
  await history.end();
  const count = (type: string): number => mine(history.seen).filter((row) => row.type === type).length;
  expect({ prompts: count("user_message"), aborted: count("turn_aborted"), completed: count("turn_complete") }).toEqual(
    {
      prompts: 1,
      aborted: 1,
      completed: 0,
    },
  );
  expect(count("tool_call")).toBeLessThanOrEqual(1);
}

async function completeTurn(client: Client, text: string, answer: string): Promise<string> {
  const { key } = await client.send(CODER, { type: "prompt", payload: { text } });
  const history = watchStream(client, streams.main);
  const mine = (seen: readonly StreamEvent[]): CodingSessionTranscriptRow[] =>
    rowsOf(seen).filter(({ promptId }) => promptId === key);
  await history.until((seen) => mine(seen).some(({ type }) => type.startsWith("turn_")));
  await history.end();
  expect(
    mine(history.seen).flatMap(({ payload }) => (payload.type === "assistant_message" ? [payload.text] : [])),
  ).toEqual([answer]);
  expect(mine(history.seen).at(-1)?.type).toBe("turn_complete");
  return key;
}

function rowsOf(events: readonly StreamEvent[]): CodingSessionTranscriptRow[] {
  return events.flatMap((event) =>
    isChangeEvent(event) && event.type === TRANSCRIPT_EVENT ? [codingSessionTranscriptRow.parse(event.value)] : [],
  );
}

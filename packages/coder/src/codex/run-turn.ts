import { SkeinError } from "@skein/protocol";
import type { Normalised, PermissionMode } from "@skein/sessions";
import type { Clock } from "../clock.ts";
import { promptParts } from "../drive/prompt-parts.ts";
import { within } from "../drive/timing.ts";
import type { PromptInput, TurnOutcome } from "../driver.ts";
import { startedTurn } from "./messages.ts";
import type { Notification } from "./messages.ts";
import { classifyCodexFailure } from "./outcome.ts";
import { showPartial, showRecord } from "./read-turn.ts";
import type { OpenThread } from "./thread.ts";
import type { CodexTurn } from "./turn.ts";

/** What a turn does with its thread, from the prompt to the line of the file that ends it. */
export interface RunDeps {
  readonly clock: Clock;
  /** A whole session, with the threads of agents that the agent started. */
  readonly readSession: (path: string) => AsyncIterable<{ readonly normalised: Normalised }>;
  /** Rows of agents' agents that were shown before. */
  readonly nested: Set<string>;
  /** How a turn ends that somebody ended. */
  readonly aborted: () => TurnOutcome;
}

const LOOK_EVERY_MS = 50;
/** How long the file may lag behind the word that the turn is over. */
const FILE_LAG_MS = 1500;
const FILE_LAG_INTERRUPTED_MS = 200;

/** Gives the prompt to the thread, and looks at its file while the turn runs. */
export async function startTurn(
  deps: RunDeps,
  { turn, thread }: { readonly turn: CodexTurn; readonly thread: OpenThread },
  prompt: { readonly input: PromptInput; readonly permissionMode: PermissionMode },
): Promise<void> {
  try {
    const asked = {
      threadId: thread.id,
      clientUserMessageId: turn.promptId,
      input: codexInput(prompt.input),
      ...collaboration(thread, prompt.permissionMode),
    };
    const { turn: started } = startedTurn.parse(await thread.server.request("turn/start", asked));
    turn.id ??= started.id;
    if (turn.interrupted) askToStop(turn, thread);
  } catch (error) {
    return turn.finish(turn.interrupted ? deps.aborted() : failureOf(error));
  }
  while (!turn.isOver()) {
    await readFile(turn, thread);
    await within(deps.clock, LOOK_EVERY_MS, turn.ended);
  }
}

/** A prompt in Codex's words. */
export function codexInput(prompt: PromptInput) {
  const { text, images } = promptParts(prompt);
  return [
    { type: "text", text, text_elements: [] },
    ...images.map(({ mime, bytes }) => {
      const url = `data:${mime};base64,${Buffer.from(bytes).toString("base64")}`;
      return { type: "image", url } as const;
    }),
  ] as const;
}

/** Codex has a way of its own to plan, which is asked for with each turn and stays until another is. */
function collaboration(thread: OpenThread, permissionMode: PermissionMode) {
  const mode = permissionMode === "plan" ? "plan" : "default";
  if (thread.model === undefined || (mode === "default" && thread.asked.mode === undefined)) return {};
  thread.asked.mode = mode;
  const settings = { model: thread.model, reasoning_effort: null, developer_instructions: null };
  return { collaborationMode: { mode, settings } };
}

/** Shows what the file has of the turn. */
export async function readFile(turn: CodexTurn, thread: OpenThread): Promise<void> {
  try {
    for (const record of await thread.tail.read()) showRecord(turn, record);
  } catch (error) {
    turn.finish(failureOf(error));
  }
}

/** Codex says that the turn is over: its file says so a moment later. */
export async function completeTurn(
  deps: RunDeps,
  { turn, thread }: { readonly turn: CodexTurn; readonly thread: OpenThread },
  ended: Extract<Notification, { method: "turn/completed" }>["params"]["turn"],
): Promise<void> {
  const { clock } = deps;
  const interrupted = ended.status === "interrupted";
  const until = clock.now() + (interrupted ? FILE_LAG_INTERRUPTED_MS : FILE_LAG_MS);
  await readFile(turn, thread);
  while (turn.end === undefined && !turn.isOver() && clock.now() < until) {
    await within(clock, 10, turn.ended);
    await readFile(turn, thread);
  }
  if (turn.hasAgents) await readAgents(deps, turn, thread);
  if (ended.status === "completed") return turn.finish({ kind: "completed", ...told(turn, ended.durationMs) });
  showPartial(turn, clock.now());
  if (interrupted) return turn.finish(deps.aborted());
  const failure = classifyCodexFailure(ended.error ?? { message: "Codex ended the turn with an error." });
  turn.finish({ kind: "failed", ...failure, ...told(turn, ended.durationMs) });
}

/** What the agent's agents did stands in files of their own, which are whole when the turn is over. */
async function readAgents({ readSession, nested }: RunDeps, turn: CodexTurn, { path }: OpenThread): Promise<void> {
  try {
    for await (const { normalised } of readSession(path)) {
      const rows = normalised.rows.filter(({ parentCallId, key }) => parentCallId !== undefined && !nested.has(key));
      for (const { key } of rows) nested.add(key);
      if (rows.length > 0) showRecord(turn, { rows, blobs: normalised.blobs });
    }
  } catch {
    // The session's own rows are there; those of its agents are read with the file when it is met again.
  }
}

export function askToStop(turn: CodexTurn, thread: OpenThread): void {
  if (turn.id === undefined) return; // it is asked when the turn has begun
  // Refused when the turn is over already.
  thread.server.request("turn/interrupt", { threadId: thread.id, turnId: turn.id }).catch(() => undefined);
}

/** What the file says of the turn as a whole. */
function told({ end }: CodexTurn, durationMs: number | null | undefined) {
  const usage = end?.payload.type === "turn_complete" ? end.payload.usage : undefined;
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(typeof durationMs === "number" ? { durationMs } : {}),
  };
}

export function failureOf(error: unknown): TurnOutcome {
  if (error instanceof SkeinError) return { kind: "failed", code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : "Codex could not be started.";
  return { kind: "failed", ...classifyCodexFailure({ message }) };
}

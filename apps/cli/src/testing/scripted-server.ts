import {
  DELTA_EVENT,
  CODER_RESOURCE_TAG,
  coderInbox,
  codingSessionResourceId,
  codingSessionResourceSchema,
  type TranscriptEvent,
} from "@skein/sessions";
import { createRegistry, createRunner, type Registry, type SharedState } from "@skein/runtime";
import { createClient, type Client } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { writeServerFile } from "../home/server-file.ts";
import { homeAt } from "../home/home.ts";
import { tempFolder } from "./cli-process.ts";

/** A real server on a home of its own, with a `note` type and a `coder` that answers from a script: no agent runs. */
export interface ScriptedServer {
  readonly home: string;
  readonly url: string;
  readonly token: string;
  readonly client: Client;
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const home = await tempFolder();
  const server = await createEmbeddedServer({ home, port: 0 });
  const registry = createRegistry();
  defineNote(registry);
  defineScriptedCoder(registry);
  const { url, token } = server;
  const runner = createRunner({ baseUrl: url, token, fetch: (request) => server.fetch(request), registry, id: "test" });
  await runner.start();
  onTestFinished(async () => {
    await runner.stop();
    await server.close();
  });
  await writeServerFile(homeAt(home).serverFile, { url, token, pid: process.pid, startedAt: 0 });
  return { home, url, token, client: createClient({ baseUrl: url, token }) };
}

function defineNote(registry: Registry): void {
  registry.define("note", {
    description: "Keeps what it is told.",
    creationSchema: z.object({ n: z.number().default(0) }),
    state: { lines: { type: "line", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) } },
    handler(ctx, wake) {
      for (const { key, payload } of wake.messages) {
        ctx.state.lines.upsert({ key, text: z.object({ text: z.string() }).parse(payload).text });
      }
    },
  });
}

type Session = SharedState<typeof codingSessionResourceSchema>;

/**
 * Answers a prompt with `echo: …`, in two deltas and then a row; the prompt `ask` with a request for permission, whose
 * answer it puts into the transcript.
 */
function defineScriptedCoder(registry: Registry): void {
  const prompt = z.object({ text: z.string() });
  const answer = z.object({ requestId: z.string(), decision: z.enum(["allow", "allow_session", "deny"]) });
  registry.define("coder", {
    description: "Answers from a script.",
    fork: {},
    inboxSchemas: {
      prompt,
      permission_response: z.looseObject(answer.shape),
      rewind: coderInbox.rewind,
      bring_back: coderInbox.bring_back,
    },
    async handler(ctx, wake) {
      const session: Session = await ctx.mkdb(codingSessionResourceId(ctx.id), codingSessionResourceSchema);
      ctx.setTag(CODER_RESOURCE_TAG, codingSessionResourceId(ctx.id));
      if (session.collections.sessionInfo.size === 0) {
        session.collections.sessionInfo.insert({
          key: "current",
          agent: "claude",
          cwd: "/work",
          sessionId: ctx.id,
          createdAt: 1,
        });
      }
      await ctx.flush();
      for (const { key, type, payload } of wake.messages) {
        if (type === "permission_response")
          insert(session, "answers", `${key}:r`, { v: 1, type, ...answer.parse(payload) });
        else if (type === "prompt" || type === undefined)
          await turn(session, key, prompt.parse(payload).text, () => ctx.flush());
      }
    },
  });
}

async function turn(session: Session, key: string, text: string, flush: () => Promise<void>): Promise<void> {
  const runId = `run-${key}`;
  insert(session, runId, key, { v: 1, type: "user_message", text });
  if (text === "ask") {
    const input = { command: "ls" };
    insert(session, runId, `${key}:p`, { v: 1, type: "permission_request", requestId: key, tool: "terminal", input });
    return;
  }
  await flush();
  const liveKey = `${key}:a`;
  for (const [at, part] of [
    [0, "echo: "],
    [6, text],
  ] as const) {
    const value = { key: liveKey, runId, kind: "text", at, text: part };
    await session.live([{ type: DELTA_EVENT, key: liveKey, value, headers: { operation: "upsert" } }]);
  }
  insert(session, runId, liveKey, { v: 1, type: "assistant_message", text: `echo: ${text}` }, liveKey);
  insert(session, runId, `${key}:end`, { v: 1, type: "turn_complete", success: true });
  await flush();
}

function insert(session: Session, runId: string, key: string, payload: TranscriptEvent, liveKey?: string): void {
  const row = { key, ts: 1, type: payload.type, runId, payload };
  session.collections.transcript.insert(liveKey === undefined ? row : { ...row, liveKey });
}

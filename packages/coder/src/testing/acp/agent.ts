import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { agent, methods, ndJsonStream, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";
import type {
  AgentContext,
  ContentBlock,
  RequestPermissionRequest,
  SessionUpdate,
  StopReason,
} from "@agentclientprotocol/sdk";
import { callModel, ProviderError } from "./model.ts";
import type { Message, ToolUse } from "./model.ts";
import { KINDS, runTool } from "./tools.ts";

/**
 * A small agent that speaks ACP and does what the scripted Messages API says. It asks before it writes and runs
 * anything, keeps its sessions on disk, and knows nothing of us: our driver is tried on the protocol alone.
 */
export interface ScriptedAcpOptions {
  /** The scripted model. */
  readonly url: string;
  /** Where it keeps its sessions. */
  readonly home: string;
  readonly signedIn: boolean;
  /** What it can do beside the protocol's core. */
  readonly keepsSessions: boolean;
}

interface Session {
  readonly id: string;
  readonly cwd: string;
  mode: string;
  messages: Message[];
  stop: AbortController | undefined;
}

const MODES = [
  { id: "default", name: "Ask" },
  { id: "plan", name: "Plan" },
];

export function serveAcp(options: ScriptedAcpOptions, stream: Parameters<typeof ndJsonStream>): Promise<void> {
  const sessions = new Map<string, Session>();
  const fileOf = (id: string): string => join(options.home, `${id}.json`);
  const save = async (session: Session): Promise<void> => {
    await mkdir(options.home, { recursive: true });
    await writeFile(fileOf(session.id), JSON.stringify(session.messages));
  };
  const add = (id: string, cwd: string, messages: Message[]): object => {
    sessions.set(id, { id, cwd, mode: "default", messages, stop: undefined });
    return { sessionId: id, modes: { currentModeId: "default", availableModes: MODES } };
  };
  const sessionOf = (id: string): Session => {
    const session = sessions.get(id);
    if (session === undefined) throw RequestError.resourceNotFound(id);
    return session;
  };
  const requireSignIn = (): void => {
    if (!options.signedIn) throw RequestError.authRequired();
  };

  return agent({ name: "scripted" })
    .onRequest(methods.agent.initialize, () => ({
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: "scripted", version: "1.2.3" },
      agentCapabilities: { loadSession: options.keepsSessions, promptCapabilities: { image: true } },
      authMethods: [{ id: "login", name: "Scripted sign-in", description: "Run `scripted login`" }],
    }))
    .onRequest(methods.agent.session.new, ({ params }) => {
      requireSignIn();
      const id = randomUUID();
      add(id, params.cwd, []);
      return { sessionId: id, modes: { currentModeId: "default", availableModes: MODES } };
    })
    .onRequest(methods.agent.session.load, async ({ params, client }) => {
      const kept = await readFile(fileOf(params.sessionId), "utf8").catch(() => undefined);
      if (kept === undefined) throw RequestError.resourceNotFound(params.sessionId);
      const messages: Message[] = JSON.parse(kept);
      add(params.sessionId, params.cwd, messages);
      // The history is told again, as the protocol wants it.
      const update: SessionUpdate = {
        sessionUpdate: "agent_message_chunk",
        content: { type: "text", text: "(history)" },
      };
      await client.notify(methods.client.session.update, { sessionId: params.sessionId, update });
      return { modes: { currentModeId: "default", availableModes: MODES } };
    })
    .onRequest(methods.agent.session.setMode, ({ params }) => {
      sessionOf(params.sessionId).mode = params.modeId;
      return {};
    })
    .onNotification(methods.agent.session.cancel, ({ params }) => sessions.get(params.sessionId)?.stop?.abort())
    .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
      const session = sessionOf(params.sessionId);
      session.stop = new AbortController();
      const turn = { session, client, options, signal: session.stop.signal, save: () => save(session) };
      session.messages.push({ role: "user", content: params.prompt.map(toModel) });
      return work(turn);
    })
    .connect(ndJsonStream(...stream)).closed;
}

interface Turn {
  readonly session: Session;
  readonly client: AgentContext;
  readonly options: ScriptedAcpOptions;
  readonly signal: AbortSignal;
  save(): Promise<void>;
}

async function work(turn: Turn): Promise<{ stopReason: StopReason; usage: object }> {
  const { session, signal, options } = turn;
  let usage = { inputTokens: 0, outputTokens: 0 };
  const end = (stopReason: StopReason) => ({ stopReason, usage: { ...usage, totalTokens: usage.inputTokens } });
  for (let step = 0; ; step++) {
    let told: Promise<void> = Promise.resolve();
    const onText = (block: number, text: string): void => {
      const said = {
        messageId: `${String(session.messages.length)}:${String(block)}`,
        content: { type: "text", text },
      } as const;
      told = told.then(() => tell(turn, { sessionUpdate: "agent_message_chunk", ...said }));
    };
    const reply = await callModel(session.messages, { url: options.url, signal, onText }).catch(refuse);
    await told;
    usage = {
      inputTokens: usage.inputTokens + reply.inputTokens,
      outputTokens: usage.outputTokens + reply.outputTokens,
    };
    const said = reply.text === "" ? [] : [{ type: "text", text: reply.text }];
    const used = reply.aborted ? [] : reply.tools;
    const content = [...said, ...used.map((tool) => ({ type: "tool_use", ...tool }))];
    if (content.length > 0) session.messages.push({ role: "assistant", content });
    await turn.save();
    if (reply.aborted) return end("cancelled");
    if (used.length === 0) return end("end_turn");
    const results: object[] = [];
    for (const tool of used) {
      const output = signal.aborted ? "Cancelled." : await useTool(turn, tool);
      results.push({ type: "tool_result", tool_use_id: tool.id, content: output });
    }
    session.messages.push({ role: "user", content: results });
    await turn.save();
    if (signal.aborted) return end("cancelled");
  }
}

function refuse(error: unknown): never {
  if (error instanceof ProviderError && error.status === 401) throw RequestError.authRequired(undefined, error.message);
  throw RequestError.internalError(undefined, error instanceof Error ? error.message : "It failed.");
}

function tell({ client, session }: Turn, update: SessionUpdate): Promise<void> {
  return client.notify(methods.client.session.update, { sessionId: session.id, update });
}

async function useTool(turn: Turn, tool: ToolUse): Promise<string> {
  const { id: toolCallId, name, input } = tool;
  if (name === "AskUserQuestion") return question(turn, tool);
  const kind = KINDS[name] ?? "other";
  const about = {
    toolCallId,
    title: `${name} ${Object.values(input).map(String).join(" ")}`,
    kind,
    rawInput: input,
  } as const;
  // As agents do: the call is announced before its input is known.
  await tell(turn, { sessionUpdate: "tool_call", ...about, rawInput: {}, status: "pending" });
  if (turn.session.mode === "plan" && kind !== "read")
    return result(turn, toolCallId, { output: "Only planning.", failed: true });
  if (kind !== "read" && !(await mayUse(turn, about)))
    return result(turn, toolCallId, { output: "Not allowed.", failed: true });
  await tell(turn, { sessionUpdate: "tool_call_update", toolCallId, rawInput: input, status: "in_progress" });
  const done = await runTool(tool, { cwd: turn.session.cwd, signal: turn.signal });
  return result(turn, toolCallId, done);
}

async function result(
  turn: Turn,
  toolCallId: string,
  { output, failed, diff }: Awaited<ReturnType<typeof runTool>>,
): Promise<string> {
  await tell(turn, {
    sessionUpdate: "tool_call_update",
    toolCallId,
    status: failed ? "failed" : "completed",
    content: [
      { type: "content", content: { type: "text", text: output } },
      ...(diff === undefined ? [] : [{ type: "diff" as const, ...diff }]),
    ],
  });
  return output;
}

async function mayUse(
  { client, session }: Turn,
  toolCall: { toolCallId: string; title: string; rawInput: object },
): Promise<boolean> {
  const asked: RequestPermissionRequest = {
    sessionId: session.id,
    toolCall,
    options: [
      { optionId: "once", name: "Yes", kind: "allow_once" },
      { optionId: "always", name: "Always", kind: "allow_always" },
      { optionId: "no", name: "No", kind: "reject_once" },
    ],
  };
  const { outcome } = await client.request(methods.client.session.requestPermission, asked);
  if (outcome.outcome === "selected" && outcome.optionId === "always")
    throw new Error("“Always” must never be chosen.");
  return outcome.outcome === "selected" && outcome.optionId === "once";
}

async function question({ client, session }: Turn, { id: toolCallId, input }: ToolUse): Promise<string> {
  const [asked] = Array.isArray(input["questions"]) ? input["questions"] : [];
  const { question: message, options } = asked as { question: string; options: { label: string }[] };
  const answer = await client.request(methods.client.elicitation.create, {
    mode: "form",
    sessionId: session.id,
    toolCallId,
    message,
    requestedSchema: {
      type: "object",
      properties: { choice: { type: "string", oneOf: options.map(({ label }) => ({ const: label, title: label })) } },
    },
  });
  return JSON.stringify({ [message]: answer });
}

function toModel(block: ContentBlock): object {
  if (block.type === "image") {
    return { type: "image", source: { type: "base64", media_type: block.mimeType, data: block.data } };
  }
  return block.type === "text" ? { type: "text", text: block.text } : { type: "text", text: JSON.stringify(block) };
}

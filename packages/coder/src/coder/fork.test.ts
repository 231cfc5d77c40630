import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NativeTranscriptRow } from "@skein/sessions";
import { sessionBlob } from "@skein/sessions";
import type { NativeImporter } from "../adapter.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, LabRunner, SessionView } from "../testing/coder-lab.ts";
import { createFakeAgent } from "../testing/fake-agent.ts";
import type { FakeAgent } from "../testing/fake-agent.ts";

/** What a coder makes of being a fork, with an agent that takes any history and tells what it was given. */
interface Given {
  readonly rows: readonly NativeTranscriptRow[];
  readonly id: string;
  readonly picture: Uint8Array | undefined;
}

const PICTURE = Buffer.from("the bytes of a picture");
const SHA = createHash("sha256").update(PICTURE).digest("hex");

let lab: CoderLab;
let agent: FakeAgent;
let given: Given[];
let failing: string | undefined;
beforeEach(async () => {
  agent = createFakeAgent();
  lab = await createCoderLab({ agent });
  given = [];
  failing = undefined;
});
afterEach(() => lab.close());

const importer: NativeImporter = {
  copy: () => Promise.reject(new Error("There is nothing to copy.")),
  write(rows, { id, bytesOf }) {
    if (failing !== undefined) return Promise.reject(new Error(failing));
    given.push({ rows, id, picture: bytesOf(SHA) });
    agent.files.set(id, { rows: [] });
    return Promise.resolve({ kept: { rows: rows.length }, dropped: {}, lines: 0 });
  },
};
const start = (): Promise<LabRunner> =>
  lab.startRunner({
    adapters: [Object.assign(Object.create(agent) as FakeAgent, { importer })],
    readBlob: (path) => Promise.resolve(path === sessionBlob("fork", SHA) ? PICTURE : undefined),
  });

async function oneTurn(view: SessionView): Promise<void> {
  await view.prompt("first");
  const turn = await agent.nextTurn();
  const picture = {
    kind: "image",
    mime: "image/png",
    blob: { sha256: SHA, size: PICTURE.length, mime: "image/png" },
  } as const;
  turn.row("call", {
    v: 1,
    type: "tool_call",
    callId: "c",
    tool: "file_read",
    originalTool: "Read",
    originalAgent: "claude",
    input: {},
  });
  turn.row("result", { v: 1, type: "tool_result", callId: "c", output: "", isError: false, attachments: [picture] });
  turn.say("answer", "said first");
  turn.end();
  await view.idle(1);
}

async function forkOf(view: SessionView, request: Record<string, unknown> = {}): Promise<SessionView> {
  const { url } = await lab.client.fork(view.url, { id: "fork", ...request });
  return lab.watch(url, "fork");
}

test("[FK17] a fork of a running turn ends that turn in the fork alone, with what waited in it, and disturbs nobody", async () => {
  await start();
  const origin = await lab.spawn("origin", {});
  await oneTurn(origin);
  await origin.prompt("second");
  const turn = await agent.nextTurn();
  turn.say("half", "half of it");
  turn.ask("may-i");
  await origin.until("the request", () => origin.status()?.status === "waiting");
  const before = [...origin.rows];

  const fork = await forkOf(origin);
  await fork.until("the hand-over", () => fork.types().includes("handoff") && fork.status()?.status === "idle");
  expect(fork.rows.slice(0, before.length)).toEqual(before);
  const own = fork.rows.slice(before.length).map(({ payload }) => payload);
  expect(own).toMatchObject([
    { type: "permission_response", requestId: "may-i", decision: "cancelled" },
    { type: "turn_aborted", reason: expect.stringContaining("forked") },
    { type: "handoff", from: "claude", to: "claude", kept: { rows: before.length } },
  ]);
  expect(given.map(({ rows, picture }) => [rows.length, picture])).toEqual([[before.length, PICTURE]]);

  expect(origin.rows).toEqual(before);
  await origin.send("permission_response", { requestId: "may-i", decision: "allow" });
  await expect.poll(() => turn.responses.length, { timeout: 10_000 }).toBe(1);
  turn.end();
  await origin.idle(2);
  expect(agent.closed()).toBe(0);
  await fork.prompt("another way");
  const next = await agent.nextTurn();
  expect(next.prompt).toBe("another way");
  expect(agent.drivers.at(-1)?.native.id).toBe(given[0]?.id);
  next.end();
  await fork.until("its turn", () => fork.types().at(-1) === "turn_complete");
});

test("[FK11] a fork that was cut off before its agent had the history is completed at the next wake, once", async () => {
  const first = await start();
  const origin = await lab.spawn("origin", {});
  await oneTurn(origin);
  let dropped = 0;
  lab.intercept(async (request, next) => {
    const body = request.method === "POST" ? await request.clone().text() : "";
    if (!body.includes('"handoff"')) return next(request);
    dropped += 1;
    return new Response(JSON.stringify({ error: { code: "fenced", message: "gone" } }), { status: 409 });
  });
  const fork = await forkOf(origin);
  await expect.poll(() => dropped, { timeout: 10_000 }).toBeGreaterThan(0);
  lab.intercept(undefined);
  await first.crash();
  await start();
  await fork.until("the hand-over", () => fork.types().includes("handoff") && fork.status()?.status === "idle");
  expect(new Set(given.map(({ id }) => id)).size).toBe(1);
  expect(fork.types().filter((type) => type === "handoff")).toHaveLength(1);
  expect(new Set(fork.rows.map(({ key }) => key)).size).toBe(fork.rows.length);
});

test("[FK18] a fork whose agent cannot be given the history says so and works", async () => {
  failing = "The disk is full.";
  await start();
  const origin = await lab.spawn("origin", { title: "Shop" });
  await oneTurn(origin);
  const fork = await forkOf(origin, { title: "Another way" });
  await fork.until("the error", () => fork.types().includes("error") && fork.status()?.status === "idle");
  expect(fork.rows.at(-1)?.payload).toMatchObject({
    code: "import_failed",
    message: expect.stringContaining("disk is full"),
  });
  await fork.prompt("go on");
  (await agent.nextTurn()).end();
  await fork.idle(2);
  expect(fork.info()).toMatchObject({ title: "Another way", forkedFrom: { sessionId: "origin" }, sessionId: "fork" });
  expect(origin.info()).toMatchObject({ title: "Shop", sessionId: "origin" });
});

test("[FK18] a fork to an agent that takes no history, or that is not there, is refused and leaves nothing", async () => {
  await lab.startRunner();
  const origin = await lab.spawn("origin", {});
  await oneTurn(origin);
  await expect(forkOf(origin)).rejects.toMatchObject({ code: "invalid_request" });
  await expect(forkOf(origin, { agent: "nobody" })).rejects.toMatchObject({ code: "agent_not_installed" });
  await expect(lab.client.getEntity("/coder/fork")).rejects.toMatchObject({ code: "not_found" });
});

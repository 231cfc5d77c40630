import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../clock.ts";
import type { AgentDriver, DriverEvent, DriverOptions } from "../driver.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { createAcpLab } from "../testing/acp/lab.ts";
import { createAcpAgents } from "./acp-agent.ts";
import type { CustomAcpAgent } from "./presets.ts";

async function open(options: { lacks?: Parameters<typeof createAcpLab>[0]; agent?: CustomAcpAgent } = {}) {
  const lab = await createAcpLab(options.lacks);
  const { environment, root: owner } = lab;
  const reaper = createReaper({ owner, table: procTable(), clock: systemClock });
  const agents = { scripted: options.agent ?? lab.agent };
  const timing = { stallNoticeMs: 60_000, stallAbortMs: 120_000 };
  const adapters = createAcpAgents({ agents, timing }, { environment, owner, clock: systemClock, reaper });
  const adapter = adapters.find(({ agent }) => agent === "scripted");
  if (adapter === undefined) throw new Error("The agent that was set up is not there.");
  const drivers: AgentDriver[] = [];
  onTestFinished(async () => {
    await Promise.all(drivers.map((driver) => driver.close()));
    await lab.close();
  });
  const drive = (more: Partial<DriverOptions> = {}): AgentDriver => {
    const native = { kind: "own", id: randomUUID() } as const;
    const driver = adapter.createDriver({ sessionId: "s1", cwd: lab.cwd, permissionMode: "bypass", native, ...more });
    drivers.push(driver);
    return driver;
  };
  return { lab, adapter, adapters, drive };
}

async function run(driver: AgentDriver, text: string, each: (event: DriverEvent) => unknown = () => undefined) {
  const seen: DriverEvent[] = [];
  const options = { promptId: randomUUID(), runId: "1-1", signal: new AbortController().signal };
  for await (const event of driver.prompt({ text }, options)) {
    seen.push(event);
    await each(event);
  }
  const last = seen.at(-1);
  return {
    events: seen,
    rows: seen.flatMap((event) => (event.kind === "row" ? [event.row] : [])),
    outcome: last?.kind === "turn" ? last.outcome : undefined,
  };
}

test("[CD46] an agent that wants a sign-in is shown as such, with the ways that it offers", async () => {
  const { drive } = await open({ lacks: ["sign-in"] });
  const { outcome } = await run(drive(), "hello");
  expect(outcome).toMatchObject({
    kind: "failed",
    code: "agent_not_signed_in",
    message: expect.stringContaining("Scripted sign-in: Run `scripted login`"),
  });
});

test("[CD46] one that is not there, says nothing of sense or dies at once fails its turn with what it said, within bounds", async () => {
  const talk = "setInterval(() => process.stdout.write('x'.repeat(1 << 20)), 1)";
  for (const [script, message] of [
    ["console.error('no licence'); process.exit(3)", /no licence/],
    ["console.log('hello, I am no protocol'); process.exit(0)", /ended \(exit code 0\)/],
    [talk, /ended|large/i],
  ] as const) {
    const { drive } = await open({ agent: { name: "Odd", command: [process.execPath, "-e", script] } });
    const { outcome } = await run(drive(), "hello");
    expect(outcome).toMatchObject({ kind: "failed", code: "agent_failed", message: expect.stringMatching(message) });
    expect(JSON.stringify(outcome).length).toBeLessThan(10_000);
  }
  const { drive, adapter, adapters } = await open({ agent: { command: ["no-such-agent", "--acp"] } });
  expect((await run(drive(), "hello")).outcome).toMatchObject({ kind: "failed", code: "agent_not_installed" });
  expect(await adapter.isInstalled()).toBe(false);
  expect(await adapter.status()).toMatchObject({ installed: false, hint: expect.stringContaining("no-such-agent") });
  expect(adapters.map(({ agent }) => agent)).toEqual(["claude-acp", "codex-acp", "opencode", "scripted"]);
});

test("[CD46] a session that the agent does not keep is begun anew and says so; one that was attached is not", async () => {
  const { drive, lab } = await open({ lacks: ["sessions"] });
  const first = drive();
  await run(first, "[[say: one]]");
  const id = first.nativeSessionId ?? "";
  await first.close();
  const { outcome, rows } = await run(drive({ native: { kind: "own", id, told: true } }), "[[say: two]]");
  expect(outcome?.kind).toBe("completed");
  expect(rows.map(({ type }) => type)).toEqual(["notice", "assistant_message"]);
  expect(JSON.stringify(lab.api.conversation().at(-1))).not.toContain("say: one");
});

test("[CD45] edits go through where they are accepted, commands are asked, and the agent sees nothing of ours", async () => {
  const { drive, lab } = await open();
  const path = join(lab.cwd, "a.txt");
  const driver = drive({ permissionMode: "accept-edits" });
  const asked: string[] = [];
  const { outcome, rows } = await run(
    driver,
    `[[write: ${path}|abc]] [[bash: env]] [[bash: touch no]] [[say: fin]]`,
    (event) => {
      if (event.kind !== "waiting" || event.row.payload.type !== "permission_request") return undefined;
      asked.push(event.row.payload.originalTool ?? "");
      const input = asked.length === 1 ? {} : { updatedInput: { command: "touch other" } };
      return driver.respond(event.requestId, { kind: "permission", decision: "allow", ...input });
    },
  );
  expect(outcome?.kind).toBe("completed");
  expect((await readFile(path, "utf8")).trim()).toBe("abc");
  expect(asked).toEqual(["execute", "execute"]);
  const results = rows.flatMap(({ payload }) => (payload.type === "tool_result" ? [payload] : []));
  expect(results[1]?.output).toContain("SKEIN_CODER_SESSION=");
  expect(results[1]?.output).not.toContain("SECRET_TOKEN");
  // Another input than the agent's cannot be had, so it was not allowed at all.
  expect(results[2]?.isError).toBe(true);
  expect(rows.find(({ type }) => type === "file_change")?.payload).toMatchObject({
    changes: [{ kind: "add", diff: expect.stringContaining("+abc") }],
  });
});

import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAgentsLab, DRIVEN, LAB_ARGS, missingAgents } from "../testing/agents-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { SessionView } from "../testing/coder-lab.ts";
import { createRestartableServer } from "../testing/restartable-server.ts";

/** What a person is asked stays asked while the server restarts, and is closed when the runner does. */
async function fingerprint(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashes = await Promise.all(
    files.map(async (path) => {
      const hash = createHash("sha256").update(await readFile(path));
      return [relative(folder, path), hash.digest("hex")] as const;
    }),
  );
  return Object.fromEntries(hashes.toSorted(([a], [b]) => a.localeCompare(b)));
}

const waitsAgain = (view: SessionView, before?: string) =>
  view.until("a request", () => {
    const [request] = view.status()?.pending ?? [];
    return request !== undefined && request.requestId !== before;
  });

for (const agent of DRIVEN) {
  const missing = missingAgents(agent);
  const title = `[CD48][CD16] ${agent}: asked before the server restarts, answered behind it; closed when the runner died`;
  test.skipIf(missing !== "")(title + missing, { timeout: 90_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "skein-restart-"));
    const server = await createRestartableServer(folder);
    const agents = await createAgentsLab();
    const lab = await createCoderLab({ server });
    onTestFinished(async () => {
      await lab.close();
      await agents.close();
      await rm(folder, { recursive: true, force: true });
    });
    const runner = await agents.startRunner(lab);
    await writeFile(join(agents.cwd, "theirs.txt"), "as it was");
    const view = await lab.spawn("s1", { ...LAB_ARGS[agent], permissionMode: "ask" });
    await view.prompt("[[bash: touch yes]] [[say: fin]]");
    await waitsAgain(view);
    const [request] = view.status()?.pending ?? [];
    const before = await fingerprint(agents.cwd);
    const settingsBefore = await settingsIn(agents.owner);
    await server.restart();
    await view.send("permission_response", { requestId: request?.requestId, decision: "allow_session" });
    await view.idle(1);
    expect(view.rows.at(-1)?.payload).toMatchObject({ type: "turn_complete", success: true });
    expect(view.rows.find(({ type }) => type === "permission_response")?.payload).toMatchObject({
      decision: "allow_session",
      user: "user:test",
    });
    const { yes, ...rest } = await fingerprint(agents.cwd);
    expect(yes).toBeDefined();
    expect(rest).toEqual(before);
    expect(await settingsIn(agents.owner)).toEqual(settingsBefore);

    await view.prompt("[[bash: touch later]] [[say: fin]]");
    await waitsAgain(view, request?.requestId);
    const [second] = view.status()?.pending ?? [];
    await runner.crash();
    await agents.startRunner(lab);
    await view.until("its end", () => view.types().filter((type) => type === "turn_aborted").length === 1);
    await view.until("rest", () => view.status()?.status === "idle");
    const answers = view.rows.flatMap(({ payload }) => (payload.type === "permission_response" ? [payload] : []));
    expect(answers.map(({ requestId, decision }) => [requestId, decision])).toEqual([
      [request?.requestId, "allow_session"],
      [second?.requestId, "cancelled"],
    ]);
    // Too late: it was closed.
    await view.send("permission_response", { requestId: second?.requestId, decision: "allow" });
    await view.prompt("[[say: still here]]");
    await view.until("the answer", () =>
      view.rows.some(({ payload }) => "text" in payload && payload.text === "still here"),
    );
    await view.until("rest", () => view.status()?.status === "idle");
    expect(Object.keys(await fingerprint(agents.cwd))).not.toContain("later");
  });
}

/** Settings and rules of agents, wherever they are below the place where they keep everything. */
async function settingsIn(root: string): Promise<Record<string, string>> {
  const all = await fingerprint(root);
  return Object.fromEntries(
    Object.entries(all).filter(([path]) =>
      /(?:settings(?:\.local)?\.json|config\.toml|\.rules|\.mcp\.json)$/.test(path),
    ),
  );
}

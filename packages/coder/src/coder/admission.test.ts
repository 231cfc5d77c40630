import { mkdir, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";
import { createFakeAgent } from "../testing/fake-agent.ts";

const NATIVE = "11111111-1111-4111-8111-111111111111";
let lab: CoderLab;
beforeEach(async () => {
  lab = await createCoderLab();
});
afterEach(async () => {
  await lab.close();
});

async function refused(id: string, args: Record<string, unknown>): Promise<string> {
  const made = await lab.client.spawn("coder", id, { args: { agent: "claude", ...args } }).then(
    () => "made",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "no code"),
  );
  // Nothing half-made: neither the coder nor its session.
  await expect(lab.client.getEntity(`/coder/${id}`)).rejects.toMatchObject({ code: "not_found" });
  const session = "/_skein/shared-state/coder-session/";
  await expect(lab.client.readStream(session + id, { last: 1 })).rejects.toMatchObject({ code: "not_found" });
  return made;
}

test("[CD2] directories that are not there, are none, or are not allowed", async () => {
  await mkdir(`${lab.cwd}/allowed`);
  await mkdir(`${lab.cwd}/allowed-not`);
  await writeFile(`${lab.cwd}/allowed/file`, "");
  await symlink(`${lab.cwd}/allowed-not`, `${lab.cwd}/allowed/way-out`);
  await lab.startRunner({ allowedDirectories: [`${lab.cwd}/allowed`], defaultWorkingDirectory: `${lab.cwd}/allowed` });
  expect(await refused("a", { cwd: `${lab.cwd}/missing` })).toBe("directory_not_found");
  expect(await refused("b", { cwd: `${lab.cwd}/allowed/file` })).toBe("directory_not_found");
  expect(await refused("c", { cwd: "relative" })).toBe("directory_not_found");
  expect(await refused("d", { cwd: `${lab.cwd}/allowed-not` })).toBe("directory_not_allowed");
  expect(await refused("e", { cwd: `${lab.cwd}/allowed/way-out` })).toBe("directory_not_allowed");
  expect(await refused("f", { cwd: `${lab.cwd}/allowed/../allowed-not` })).toBe("directory_not_allowed");
  await lab.spawn("g", { cwd: `${lab.cwd}/allowed` });
  await lab.spawn("h");
});

test("[CD2] arguments that do not fit, and agents that nobody drives here", async () => {
  await lab.startRunner();
  expect(await refused("a", { agent: "../emacs" })).toBe("schema_validation_failed");
  expect(await refused("b", { model: "--dangerous" })).toBe("schema_validation_failed");
  expect(await refused("c", { unknown: 1 })).toBe("schema_validation_failed");
  expect(await refused("d", { agent: "codex" })).toBe("agent_not_installed");
});

test("[CD2] an agent that is not installed", async () => {
  await lab.startRunner({ adapters: [createFakeAgent({ installed: false })] });
  expect(await refused("a", {})).toBe("agent_not_installed");
});

test("[CD2] attaching to a session that is not there, or that another coder has", async () => {
  lab.agent.files.set(NATIVE, { cwd: lab.cwd, rows: [] });
  await lab.startRunner();
  expect(await refused("a", { nativeSessionId: "22222222-2222-4222-8222-222222222222" })).toBe("session_not_found");
  const view = await lab.spawn("b", { nativeSessionId: NATIVE });
  expect(await refused("c", { nativeSessionId: NATIVE })).toBe("session_in_use");
  await lab.client.kill(view.url);
  await lab.spawn("d", { nativeSessionId: NATIVE });
});

test("[CD2] a session that a coder began itself is in use too", async () => {
  await lab.startRunner();
  const view = await lab.spawn("a");
  await view.until("information", () => view.info() !== undefined);
  const own = view.info()?.nativeSessionId ?? "";
  lab.agent.files.set(own, { cwd: lab.cwd, rows: [] });
  expect(await refused("b", { nativeSessionId: own })).toBe("session_in_use");
});

test("[CD2] a session whose directory is gone", async () => {
  lab.agent.files.set(NATIVE, { cwd: `${lab.cwd}/gone`, rows: [] });
  await lab.startRunner();
  expect(await refused("a", { nativeSessionId: NATIVE })).toBe("directory_not_found");
  await lab.spawn("b", { nativeSessionId: NATIVE, cwd: lab.cwd });
});

test("[CD30] the runner lists sessions with who has them, checks directories and tells of its agents", async () => {
  lab.agent.files.set(NATIVE, { cwd: lab.cwd, rows: [] });
  await lab.startRunner({ allowedDirectories: [lab.cwd] });
  const { url } = await lab.spawn("a", { nativeSessionId: NATIVE });
  const call = (method: string, params: unknown = {}) => lab.client.call("lab", { method, params });
  expect(await call("sessions.list")).toEqual({
    sessions: [{ agent: "claude", id: NATIVE, cwd: lab.cwd, updatedAt: 0, sizeBytes: 0, attachedTo: url }],
    skipped: 0,
  });
  expect(await call("sessions.list", { agent: "codex" })).toEqual({ sessions: [], skipped: 0 });
  await expect(call("sessions.list", { limit: 0 })).rejects.toMatchObject({ code: "invalid_request" });
  expect(await call("directories.check", { path: lab.cwd })).toEqual({ path: lab.cwd, ok: true });
  await expect(call("directories.check", { path: "/" })).rejects.toMatchObject({ code: "directory_not_allowed" });
  await expect(call("directories.check", { path: "/nowhere" })).rejects.toMatchObject({ code: "directory_not_found" });
  const traits = { name: "Fake", modes: ["ask", "accept-edits", "plan", "bypass"], steers: true, images: true };
  expect(await call("agents.status")).toEqual({ agents: [{ ...traits, agent: "claude", installed: true }] });
});

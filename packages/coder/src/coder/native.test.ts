import { appendFile, cp, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { ClaudeLab } from "../testing/claude-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, LabRunner, SessionView } from "../testing/coder-lab.ts";
import { nativeFiles } from "../testing/native-stream.ts";

/** Attached sessions on two machines. No agent runs: files are mirrored, made anew, completed and left alone. */
const ID = "3d1f6a52-0c8e-4f0a-9d53-6b2a1c7e9f10";
const fixture = fileURLToPath(new URL(`../../../sessions/fixtures/claude/${ID}`, import.meta.url));

let coders: CoderLab;
let machines: ClaudeLab[];
beforeEach(async () => {
  coders = await createCoderLab();
  machines = [await createClaudeLab(), await createClaudeLab()];
});
afterEach(async () => {
  await coders.close();
  for (const machine of machines) await machine.close();
});

const projects = (machine: ClaudeLab): string => join(machine.configDir, "projects/-somewhere");
const start = (machine: ClaudeLab): Promise<LabRunner> =>
  coders.startRunner({
    adapters: undefined,
    owner: machine.root,
    environment: machine.environment,
    claude: { executable: "/bin/true" },
  });

async function install(machine: ClaudeLab): Promise<string> {
  const path = join(projects(machine), `${ID}.jsonl`);
  await mkdir(dirname(path), { recursive: true });
  await cp(`${fixture}.jsonl`, path);
  await cp(fixture, join(projects(machine), ID), { recursive: true });
  return path;
}

/** Every file of the machine's projects below its session, by name, as the native stream calls them. */
async function filesOn(machine: ClaudeLab): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const root = join(machine.configDir, "projects");
  for (const name of await readdir(root, { recursive: true }).catch(() => [])) {
    const path = join(root, name);
    if (!(await stat(path)).isFile()) continue;
    const isOwn = basename(dirname(path)) !== "subagents";
    found[isOwn ? "session" : `subagents/${basename(path)}`] = await readFile(path, "utf8");
  }
  return found;
}

/** A pass of the coder, to its end: the cursor behind the message is in its last commit. */
async function wake(view: SessionView): Promise<void> {
  const key = await view.send("catch_up", {});
  const main = async () => JSON.stringify((await coders.client.readStream(`${view.url}/main`, { last: 500 })).events);
  await expect.poll(main, { timeout: 15_000 }).toContain(`"lastProcessedInboxKey":"${key}"`);
}

test("[FK1][FK2] a session with sub-agents is mirrored and made anew elsewhere, file by file and byte by byte", async () => {
  const [one, two] = machines as [ClaudeLab, ClaudeLab];
  await install(one);
  const runner = await start(one);
  const view = await coders.spawn("s", { nativeSessionId: ID, cwd: coders.cwd });
  await view.until("the history", () => view.rows.length > 0 && view.status()?.status === "idle");
  await wake(view);
  const rows = [...view.rows];
  const original = await filesOn(one);
  expect(Object.keys(original).length).toBe(2);
  expect(await nativeFiles(coders.client, "s")).toEqual(original);
  const { events } = await coders.client.readStream("/_skein/shared-state/coder-session/s/native", { from: "-1" });
  await wake(view);
  const again = await coders.client.readStream("/_skein/shared-state/coder-session/s/native", { from: "-1" });
  expect(again.events).toEqual(events);
  await runner.stop();

  await start(two);
  await wake(view);
  expect(await filesOn(two)).toEqual(original);
  expect(view.rows).toEqual(rows);
  expect(
    (await coders.client.readStream("/_skein/shared-state/coder-session/s/native", { from: "-1" })).events,
  ).toEqual(events);
});

test("[FK3] what stayed behind is completed, and what went on differently is left alone", async () => {
  const [one, two] = machines as [ClaudeLab, ClaudeLab];
  const path = await install(one);
  const first = await start(one);
  const view = await coders.spawn("s", { nativeSessionId: ID, cwd: coders.cwd });
  await view.until("the history", () => view.rows.length > 0 && view.status()?.status === "idle");
  await wake(view);
  await first.stop();

  const second = await start(two);
  await wake(view);
  const [name = ""] = (await readdir(join(two.configDir, "projects"), { recursive: true })).filter((one) =>
    one.endsWith(`${ID}.jsonl`),
  );
  const line = `${JSON.stringify({ type: "mode", mode: "default", sessionId: ID })}\n`;
  await appendFile(join(two.configDir, "projects", name), line);
  await wake(view);
  await second.stop();

  const before = await readFile(path, "utf8");
  const third = await start(one);
  await wake(view);
  expect(await readFile(path, "utf8")).toBe(before + line);
  await third.stop();

  // Somebody goes on in a terminal of the second machine, while the first one's session goes on, too.
  await appendFile(join(two.configDir, "projects", name), '{"type":"mode","mode":"plan"}\n');
  await appendFile(path, '{"type":"mode","mode":"auto"}\n');
  const fourth = await start(one);
  await wake(view);
  await fourth.stop();
  const theirs = await readFile(join(two.configDir, "projects", name), "utf8");
  await start(two);
  await wake(view);
  expect(await readFile(join(two.configDir, "projects", name), "utf8")).toBe(theirs);
  const own = (await readdir(join(two.configDir, "projects"), { recursive: true })).filter(
    (file) => file.endsWith(".jsonl") && !file.includes("subagents"),
  );
  expect(own).toHaveLength(2);
  expect((await coders.client.getEntity(view.url)).tags["nativeSession"]).not.toBe(ID);
});

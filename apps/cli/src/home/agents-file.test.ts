import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readAgentsFile } from "./agents-file.ts";

async function homeWith(text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "skein-agents-file-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  if (text !== undefined) await writeFile(join(folder, "agents.json"), text);
  return folder;
}

test("[CL65] agents are set up in a file of the home, each with the words of its command", async () => {
  expect(await readAgentsFile(await homeWith())).toEqual({ agents: {} });
  const agents = { mine: { command: ["/opt/mine", "--acp"], name: "Mine", passEnvironment: ["MINE_HOME"] } };
  expect(await readAgentsFile(await homeWith(JSON.stringify({ agents })))).toEqual({ agents });
});

test("[CL65] a file that is not understood says what is wrong with it, and nothing is started", async () => {
  for (const [text, problem] of [
    ["{", /agents\.json is not JSON/],
    [JSON.stringify({ agents: { mine: { command: "mine --acp" } } }), /command/],
    [JSON.stringify({ agents: { mine: { command: [] } } }), /command/],
    [JSON.stringify({ agents: { "../mine": { command: ["mine"] } } }), /mine/],
    [JSON.stringify({ agents: { mine: { command: ["mine"], shell: true } } }), /shell/],
  ] as const) {
    await expect(readAgentsFile(await homeWith(text))).rejects.toThrow(problem);
  }
});

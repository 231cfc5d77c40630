import { readFile, stat } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAgentsLab, DRIVEN, LAB_ARGS, missingAgents } from "../testing/agents-lab.ts";
import type { AgentsLab } from "../testing/agents-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, SessionView } from "../testing/coder-lab.ts";
import { nativeText } from "../testing/native-stream.ts";

/** What the agent writes is on the session's native stream, and enough to go on where nothing of it was seen. */
const patiently = { timeout: 60_000 };

let coders: CoderLab;
const labs: AgentsLab[] = [];
beforeEach(async () => {
  coders = await createCoderLab();
});
afterEach(async () => {
  await coders.close();
  for (const lab of labs.splice(0)) await lab.close();
});

async function openLab(): Promise<AgentsLab> {
  const lab = await createAgentsLab();
  labs.push(lab);
  return lab;
}

async function turns(view: SessionView, prompts: readonly string[]): Promise<void> {
  const ended = view.types().filter((type) => type === "turn_complete").length;
  for (const [index, prompt] of prompts.entries()) {
    await view.prompt(prompt);
    await view.idle(ended + index + 1);
  }
}
const isResting = async (view: SessionView): Promise<boolean> =>
  (await coders.client.getEntity(view.url)).status === "idle";

for (const agent of DRIVEN) {
  const absent = missingAgents(agent);
  test.skipIf(absent !== "")(
    `[FK1][FK2][FK3] ${agent}: its files are mirrored byte by byte, and a runner with an empty home goes on from there${absent}`,
    patiently,
    async () => {
      const first = await openLab();
      const one = await first.startRunner(coders);
      const view = await coders.spawn("s", { ...LAB_ARGS[agent], cwd: first.cwd });
      await turns(view, ["[[write: a.txt|abc]] [[say: first answer]]", "[[bash: cat a.txt]] [[say: second answer]]"]);
      await expect.poll(() => isResting(view), { timeout: 10_000 }).toBe(true);
      const [path = ""] = await first.sessionFiles(agent);
      expect(await nativeText(coders.client, "s")).toBe(await readFile(path, "utf8"));
      await one.stop();

      const second = await openLab();
      const two = await second.startRunner(coders);
      const rows = view.rows.length;
      await turns(view, ["[[say: third answer]]"]);
      const told = second.told(agent);
      for (const text of ["first answer", "second answer", "abc", "third answer"]) expect(told).toContain(text);
      expect(view.rows.slice(rows).filter(({ type }) => type === "assistant_message")).toHaveLength(1);
      expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
      const [made = ""] = await second.sessionFiles(agent);
      expect((await stat(made)).mode & 0o777).toBe(0o600);
      await expect.poll(() => isResting(view), { timeout: 10_000 }).toBe(true);
      expect(await nativeText(coders.client, "s")).toBe(await readFile(made, "utf8"));
      await two.stop();

      // Back on the first machine, whose file stayed behind, and perhaps got a note of its own when its agent ended.
      const left = await readFile(path, "utf8");
      await first.startRunner(coders);
      await turns(view, ["[[say: fourth answer]]"]);
      expect(first.told(agent)).toContain("third answer");
      expect((await readFile(path, "utf8")).startsWith(left)).toBe(true);
      expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
    },
  );
}

import { afterEach, beforeEach, expect, test } from "vitest";
import type { CodingSessionTranscriptRow } from "@skein/sessions";
import { createAgentsLab, LAB_ARGS, missingAgents } from "../testing/agents-lab.ts";
import type { AgentsLab } from "../testing/agents-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, LabRunner } from "../testing/coder-lab.ts";

/** Claude Code and Codex take turns on one session, and their runner dies in some of them. */
const TURNS = 6;
/** The turns in which the runner dies: one of each agent. */
const KILLED: ReadonlySet<number> = new Set([3, 4]);

let coders: CoderLab;
let lab: AgentsLab;
beforeEach(async () => {
  coders = await createCoderLab();
  lab = await createAgentsLab();
});
afterEach(async () => {
  await coders.close();
  await lab.close();
});

const textOf = ({ payload }: CodingSessionTranscriptRow): string =>
  payload.type === "user_message" || payload.type === "assistant_message" ? payload.text : "";
const absent = missingAgents("claude", "codex");

test.skipIf(absent !== "")(
  `[DL6][DL8] two agents alternate on one session under kills: one history, nothing twice, each knows what the other did${absent}`,
  { timeout: 120_000 },
  async () => {
    let runner: LabRunner = await lab.startRunner(coders);
    const claude = await coders.spawn("claude", { ...LAB_ARGS.claude, cwd: lab.cwd });
    const codex = await coders.spawn("codex", { ...LAB_ARGS.codex, resource: "claude" });
    const views = { claude, codex };
    const ends = (): number =>
      claude.rows.filter(({ type }) => type === "turn_complete" || type === "turn_aborted").length;
    const completed: number[] = [];
    let ended = 0;
    for (let n = 1; n <= TURNS; n += 1) {
      const agent = n % 2 === 1 ? "claude" : "codex";
      const isKilled = KILLED.has(n);
      // What the command prints stands nowhere but in its output.
      const command = `[[bash: expr 7000 + ${String(n)}]]`;
      await views[agent].prompt(`prompt-${String(n)} ${command}${isKilled ? " [[gate: kill]]" : ""} [[say: done]]`);
      if (isKilled) {
        await claude.until("the command of the turn", () =>
          claude.rows.some(
            ({ payload }) => payload.type === "tool_result" && payload.output.includes(`700${String(n)}`),
          ),
        );
        await runner.crash();
        lab.open(agent, "kill");
        runner = await lab.startRunner(coders);
      } else completed.push(n);
      ended += 1;
      await claude.until(`the end of turn ${String(n)}`, () => ends() === ended);
      await views[agent].until("rest", () => views[agent].status()?.status === "idle");
      if (isKilled) continue;
      const told = lab.told(agent);
      for (let m = 1; m <= n; m += 1) expect(told).toContain(`prompt-${String(m)} `);
      for (const m of completed) expect(told).toContain(`700${String(m)}`);
    }
    const { rows } = claude;
    const prompts = rows.filter(({ type }) => type === "user_message").map((row) => textOf(row).split(" ")[0]);
    expect(prompts).toEqual(Array.from({ length: TURNS }, (_, index) => `prompt-${String(index + 1)}`));
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    const kinds = rows.filter(({ type }) => ["takeover", "turn_complete", "turn_aborted"].includes(type));
    expect(kinds.map(({ type }) => type)).toEqual(
      Array.from({ length: TURNS }, (_, index) => [
        ...(index === 0 ? [] : ["takeover"]),
        KILLED.has(index + 1) ? "turn_aborted" : "turn_complete",
      ]).flat(),
    );
    // Every turn's rows stand between its prompt and its end.
    let open: string | undefined;
    for (const { type, promptId } of rows) {
      if (type === "user_message") open = promptId;
      else if (promptId !== undefined) expect(promptId).toBe(open);
    }
  },
);

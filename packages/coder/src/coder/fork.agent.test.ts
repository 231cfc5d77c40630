import { afterEach, beforeEach, expect, test } from "vitest";
import { createAgentsLab, DRIVEN, LAB_ARGS, missingAgents } from "../testing/agents-lab.ts";
import type { AgentsLab } from "../testing/agents-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

/** Forks of real sessions: the model of the fork's agent gets exactly what stood in front of the cut. */
const patiently = { timeout: 60_000 };

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

for (const from of DRIVEN) {
  for (const to of DRIVEN) {
    const absent = missingAgents(from, to);
    test.skipIf(absent !== "")(
      `[FK10][FK11] a session of ${from} is forked at its second of four turns into ${to}; both go on${absent}`,
      patiently,
      async () => {
        await lab.startRunner(coders);
        const origin = await coders.spawn("origin", { ...LAB_ARGS[from], cwd: lab.cwd });
        for (const n of [1, 2, 3, 4]) {
          await origin.prompt(`prompt-${n} [[bash: echo output-${n}]] [[say: answer-${n}]]`);
          await origin.idle(n);
        }
        const end = origin.rows.filter(({ type }) => type === "turn_complete")[1];
        const kept = origin.rows.slice(0, origin.rows.indexOf(end ?? origin.rows[0]!) + 1);
        const { agent, ...args } = LAB_ARGS[to];
        const forked = await coders.client.fork(origin.url, { id: "fork", at: end?.key ?? "", agent, ...args });
        expect(forked.forkedFrom).toMatchObject({ entity: origin.url, row: end?.key });
        const fork = coders.watch(forked.url, "fork");
        await fork.until("the hand-over", () => fork.types().includes("handoff") && fork.status()?.status === "idle");
        expect(fork.rows.slice(0, kept.length)).toEqual(kept);
        expect(fork.rows.slice(kept.length).map(({ type }) => type)).toEqual(["handoff"]);
        expect(fork.info()).toMatchObject({ agent: to, sessionId: "fork", forkedFrom: { sessionId: "origin" } });

        const asked = { from: lab.asked(from), to: lab.asked(to) };
        await fork.prompt("prompt-5 [[say: answer-5]]");
        await fork.idle(3);
        const told = lab.told(to);
        for (const n of [1, 2])
          for (const what of ["prompt", "output", "answer"]) expect(told).toContain(`${what}-${n}`);
        for (const n of [3, 4])
          for (const what of ["prompt", "output", "answer"]) expect(told).not.toContain(`${what}-${n}`);
        expect(lab.asked(to)).toBe(asked.to + 1);
        expect(fork.rows.slice(kept.length + 1).filter(({ type }) => type === "assistant_message")).toHaveLength(1);

        await origin.prompt("prompt-6 [[say: answer-6]]");
        await origin.idle(5);
        expect(lab.told(from)).toContain("answer-4");
        expect(lab.told(from)).not.toContain("answer-5");
        expect(new Set(fork.rows.map(({ key }) => key)).size).toBe(fork.rows.length);
        expect((await coders.client.getSession("origin")).forks).toMatchObject([{ session: "fork", agent: to }]);
        expect((await coders.client.getSession("fork")).forkedFrom).toMatchObject({ session: "origin" });
      },
    );
  }
}

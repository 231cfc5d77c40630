import { afterEach, beforeEach, expect, test } from "vitest";
import { createAgentsLab, DRIVEN, LAB_ARGS, missingAgents } from "../testing/agents-lab.ts";
import type { AgentsLab } from "../testing/agents-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab, SessionView } from "../testing/coder-lab.ts";

/** Sessions that are open here and used in a terminal as well, with the real agents. */
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

const follow = () =>
  lab.startRunner(coders, {
    sendTo: (url, message) => coders.client.send(url, message),
    followEveryMs: 50,
    // A thread that is loaded is locked against a Codex in a terminal.
    idleMs: 20,
  });
const said = (view: SessionView): string[] =>
  view.rows.flatMap(({ payload }) => (payload.type === "assistant_message" ? [payload.text] : []));

for (const agent of DRIVEN) {
  const absent = missingAgents(agent);
  test.skipIf(absent !== "")(
    `[FK20][FK21] ${agent}: turns of a terminal appear while the coder rests, between its own, and after a restart${absent}`,
    patiently,
    async () => {
      const id = await lab.turnInTerminal(agent, "[[say: one]]");
      const first = await follow();
      const view = await coders.spawn("s", { ...LAB_ARGS[agent], nativeSessionId: id });
      await view.until("what was there", () => said(view).includes("one") && view.status()?.status === "idle");

      await lab.turnInTerminal(agent, "[[say: two]]", id);
      await view.until("the terminal's turn", () => said(view).includes("two"));
      await view.prompt("[[say: three]]");
      await view.until("a turn of our own", () => said(view).includes("three") && view.status()?.status === "idle");
      expect(lab.told(agent)).toContain("two");
      await lab.turnInTerminal(agent, "[[say: four]]", id);
      await view.until("the next one", () => said(view).includes("four"));

      await first.stop();
      await lab.turnInTerminal(agent, "[[say: five]]", id);
      await follow();
      await view.until("what happened meanwhile", () => said(view).includes("five"));
      expect(said(view)).toEqual(["one", "two", "three", "four", "five"]);
      expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
      expect(view.types().filter((type) => type === "turn_aborted")).toEqual([]);
    },
  );
}

import { systemClock } from "../clock.ts";
import { ownerPrefix } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { createClaudeLab } from "../testing/claude-lab.ts";
import type { Timing } from "../drive/timing.ts";
import { runDriverContract } from "../testing/driver-contract.ts";
import { packagedBinary } from "./binary.ts";
import { createClaudeAgent } from "./claude-agent.ts";

/** The real Claude Code. */
const binary = packagedBinary();

runDriverContract({
  name: "claude",
  missing: binary === undefined ? "The optional package with the Claude Code binary is not installed." : undefined,
  deviations: [],
  async createLab() {
    const lab = await createClaudeLab();
    const { environment, root: owner } = lab;
    const table = procTable();
    const create = (timing?: Partial<Timing>) =>
      createClaudeAgent(
        { executable: binary, credentials: "env", maxRetries: 1, timing },
        { environment, owner, clock: systemClock, reaper: createReaper({ owner, table, clock: systemClock }) },
      );
    let agent = create();
    const find = () => table.find((marker) => marker.startsWith(ownerPrefix(owner)));
    return {
      cwd: lab.cwd,
      options: { model: "claude-sonnet-4-5" },
      createDriver: (options, timing) => (timing === undefined ? agent : create(timing)).createDriver(options),
      restart() {
        agent = create();
      },
      asked: () => lab.api.conversation().map(({ messages }) => messages),
      reached: (gate) => lab.api.reached(gate),
      open: (gate) => lab.api.open(gate),
      processes: async () => (await find()).map(({ pid }) => pid),
      // It leads a session of its own, and is the first that did.
      agentProcess: async () =>
        (await find()).filter(({ pid, session }) => pid === session).sort((a, b) => a.startedAt - b.startedAt)[0]?.pid,
      close: () => lab.close(),
    };
  },
});

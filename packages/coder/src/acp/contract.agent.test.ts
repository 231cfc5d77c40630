import { systemClock } from "../clock.ts";
import type { Timing } from "../drive/timing.ts";
import { ownerPrefix } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { createAcpLab } from "../testing/acp/lab.ts";
import { runDriverContract } from "../testing/driver-contract.ts";
import { createAcpAgents } from "./acp-agent.ts";

/** A process of ours that speaks the protocol, through the same driver as every other agent. */
runDriverContract({
  name: "acp",
  missing: process.platform === "linux" ? undefined : "Finding what commands left needs /proc.",
  deviations: [
    { id: "steer-command", reason: "the protocol has no way to put something into a turn" },
    { id: "steer-text", reason: "the protocol has no way to put something into a turn" },
  ],
  async createLab() {
    const lab = await createAcpLab();
    const { environment, root: owner } = lab;
    const table = procTable();
    const create = (timing?: Partial<Timing>) => {
      const reaper = createReaper({ owner, table, clock: systemClock });
      const deps = { environment, owner, clock: systemClock, reaper };
      const agent = createAcpAgents({ agents: { scripted: lab.agent }, timing }, deps).find(
        (one) => one.agent === "scripted",
      );
      if (agent === undefined) throw new Error("The agent that was set up is not there.");
      return agent;
    };
    let agent = create();
    const find = () => table.find((marker) => marker.startsWith(ownerPrefix(owner)));
    return {
      cwd: lab.cwd,
      options: {},
      createDriver: (options, timing) => (timing === undefined ? agent : create(timing)).createDriver(options),
      restart() {
        agent = create();
      },
      asked: () => lab.api.conversation().map(({ messages }) => messages),
      reached: (gate) => lab.api.reached(gate),
      open: (gate) => lab.api.open(gate),
      processes: async () => (await find()).map(({ pid }) => pid),
      agentProcess: async () => (await find()).find(({ pid, session }) => pid === session)?.pid,
      close: () => lab.close(),
    };
  },
});

import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { ownerPrefix } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { runDriverContract } from "./driver-contract.ts";
import { createScriptedAgent } from "./scripted-driver.ts";

runDriverContract({
  name: "scripted",
  missing: process.platform === "linux" ? undefined : "Finding what commands left needs /proc.",
  deviations: [
    { id: "kill", reason: "it has no process of its own that could be killed" },
    { id: "steer-command", reason: "it has no model that could be told" },
    { id: "steer-text", reason: "it has no model that could be told" },
    { id: "attachments", reason: "it has no model that could be shown anything" },
    { id: "plan", reason: "it does what it is told" },
    { id: "stall", reason: "it has nobody who could fall silent" },
  ],
  async createLab() {
    const cwd = await realpath(await mkdtemp(join(tmpdir(), "skein-scripted-")));
    const table = procTable();
    const agent = createScriptedAgent({ owner: cwd, reaper: createReaper({ owner: cwd, table, clock: systemClock }) });
    return {
      cwd,
      options: {},
      createDriver: (options) => agent.createDriver(options),
      restart: () => undefined,
      asked: () => agent.asked(),
      reached: (gate) => agent.reached(gate),
      open: (gate) => agent.open(gate),
      processes: async () => (await table.find((marker) => marker.startsWith(ownerPrefix(cwd)))).map(({ pid }) => pid),
      agentProcess: () => Promise.resolve(undefined),
      close: () => rm(cwd, { recursive: true, force: true }),
    };
  },
});

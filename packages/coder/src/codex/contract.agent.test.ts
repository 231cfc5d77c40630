import { systemClock } from "../clock.ts";
import { ownerPrefix } from "../process/marker.ts";
import { procTable } from "../process/process-table.ts";
import { createReaper } from "../process/reaper.ts";
import { CODEX_LAB_MODEL, createCodexLab } from "../testing/codex-lab.ts";
import type { Timing } from "../drive/timing.ts";
import { runDriverContract } from "../testing/driver-contract.ts";
import { packagedCodex } from "./binary.ts";
import { createCodexAgent } from "./codex-agent.ts";

/** The real Codex. */
const binary = packagedCodex();

runDriverContract({
  name: "codex",
  missing: binary === undefined ? "The optional package with the Codex binary is not installed." : undefined,
  deviations: [],
  async createLab() {
    const lab = await createCodexLab();
    const { environment, root: owner } = lab;
    const table = procTable();
    const create = (timing?: Partial<Timing>) =>
      createCodexAgent(
        { executable: binary?.path, credentials: "env", maxRetries: 1, timing },
        { environment, owner, clock: systemClock, reaper: createReaper({ owner, table, clock: systemClock }) },
      );
    let agent = create();
    const find = () => table.find((marker) => marker.startsWith(ownerPrefix(owner)));
    return {
      cwd: lab.cwd,
      options: { model: CODEX_LAB_MODEL },
      createDriver: (options, timing) => (timing === undefined ? agent : create(timing)).createDriver(options),
      restart() {
        agent = create();
      },
      asked: () => lab.api.conversation().map(({ input }) => input),
      reached: (gate) => lab.api.reached(gate),
      open: (gate) => lab.api.open(gate),
      processes: async () => (await find()).map(({ pid }) => pid),
      agentProcess: async () => (await find()).find(({ marker }) => marker.endsWith("codex/app-server"))?.pid,
      close: () => lab.close(),
    };
  },
});

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAgentsLab, LAB_ARGS, missingAgents } from "../testing/agents-lab.ts";
import { createCoderLab } from "../testing/coder-lab.ts";

/** Two machines on one server, each with its own Claude Code: a session goes from one to the other and back. */
const absent = missingAgents("claude");

async function start() {
  const coders = await createCoderLab();
  const [one, two] = [await createAgentsLab(), await createAgentsLab()];
  onTestFinished(async () => {
    await coders.close();
    await one.close();
    await two.close();
  });
  return { coders, one, two };
}

test.skipIf(absent !== "")(
  `[FK30] a session goes on where it is sent, with its history and in its directory there, and says where it is${absent}`,
  { timeout: 60_000 },
  async () => {
    const { coders, one, two } = await start();
    await mkdir(join(one.cwd, "shop"));
    await mkdir(join(two.cwd, "shop"));
    const map = (here: string, there: string) => ({ directoryMap: [{ from: there, to: here }] });
    await one.startRunner(coders, { runnerId: "one", machine: "one", ...map(one.cwd, two.cwd) });
    await two.startRunner(coders, { runnerId: "two", machine: "two", ...map(two.cwd, one.cwd) });
    const args = { ...LAB_ARGS.claude, cwd: join(one.cwd, "shop") };
    const { url } = await coders.client.spawn("coder", "s", { args, dispatch: { runner: "one", whenGone: "wait" } });
    const view = coders.watch(url, "s");
    // A pass that is still there takes what comes.
    const resting = () =>
      expect.poll(async () => (await coders.client.getEntity(url)).status, { timeout: 10_000 }).toBe("idle");
    await view.prompt("[[say: said on one]]");
    await view.idle(1);
    expect(await coders.client.getSession("s")).toMatchObject({ machine: "one", cwd: join(one.cwd, "shop") });

    await resting();
    await coders.client.redispatch(url, { runner: "two", whenGone: "wait" });
    await view.prompt("[[bash: pwd]] [[say: said on two]]");
    await view.idle(2);
    expect(two.told("claude")).toContain("said on one");
    expect(JSON.stringify(view.rows)).toContain(join(two.cwd, "shop"));
    expect(await coders.client.getSession("s")).toMatchObject({ machine: "two", cwd: join(two.cwd, "shop") });

    await resting();
    await coders.client.redispatch(url, { runner: "one", whenGone: "wait" });
    await view.prompt("[[say: back on one]]");
    await view.idle(3);
    expect(one.told("claude")).toContain("said on two");
    expect(await coders.client.getSession("s")).toMatchObject({ machine: "one", cwd: join(one.cwd, "shop") });
    expect(new Set(view.rows.map(({ key }) => key)).size).toBe(view.rows.length);
  },
);

import { useSkein } from "@skein/react";
import { useEffect, useState } from "react";
import { agentsStatus } from "../new-session/runner-calls.ts";

/** Whether the session's agent takes words while it works; asked when that is of interest first. */
export function useSteers(agent: string | undefined, wanted: boolean): boolean {
  const { client } = useSkein();
  const [steers, setSteers] = useState<ReadonlyMap<string, boolean>>();
  const ask = wanted && agent !== undefined && steers === undefined;
  useEffect(() => {
    if (!ask) return;
    const gone = new AbortController();
    const read = async (): Promise<void> => {
      const runners = await client.listRunners({ signal: gone.signal });
      const runner = runners.find(({ online, types }) => online && types.includes("coder"));
      if (runner === undefined) return;
      const answer = await client.call(runner.id, { method: "agents.status", params: {} }, { signal: gone.signal });
      const { agents } = agentsStatus.parse(answer);
      setSteers(new Map(agents.map((one) => [one.agent, one.steers === true])));
    };
    // Without an answer prompts are queued, as always.
    read().catch(() => undefined);
    return () => gone.abort();
  }, [ask, client]);
  return agent !== undefined && steers?.get(agent) === true;
}

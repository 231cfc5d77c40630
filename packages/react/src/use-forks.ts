import { SkeinError, type Session } from "@skein/protocol";
import { isTransient } from "@skein/runtime/client";
import { useEffect, useMemo, useState } from "react";
import { forkTree, type ForkTree } from "./fork-tree.ts";
import { useSkein } from "./provider.tsx";
import { useExternal } from "./use-external.ts";

/** The tree of sessions that this one belongs to, live where they are listed. */
export function useForks(sessionId: string): ForkTree {
  const { client, sessions, environment } = useSkein();
  useEffect(() => sessions.retain(), [sessions]);
  const listed = useExternal(sessions.view).sessions;
  const [read, setRead] = useState<ReadonlyMap<string, Session | null>>(new Map());
  const tree = useMemo(() => {
    const known = new Map<string, Session | null>([...read, ...listed.map((one) => [one.id, one] as const)]);
    return forkTree(sessionId, (id) => known.get(id));
  }, [sessionId, listed, read]);
  const missing = tree.missing.join("\n");
  useEffect(() => {
    if (missing === "") return;
    const stop = new AbortController();
    const readOne = async (id: string): Promise<readonly [string, Session | null] | undefined> => {
      try {
        return [id, await client.getSession(id, { signal: stop.signal })];
      } catch (error) {
        if (stop.signal.aborted || (error instanceof SkeinError && isTransient(error))) return undefined;
        return [id, null];
      }
    };
    let cancelRetry = (): void => undefined;
    const readAll = async (): Promise<void> => {
      const found = await Promise.all(missing.split("\n").slice(0, AT_ONCE).map(readOne));
      if (stop.signal.aborted) return;
      const news = found.filter((one) => one !== undefined);
      if (news.length > 0) setRead((before) => new Map([...before, ...news]));
      else cancelRetry = environment.after(RETRY_MS, () => void readAll());
    };
    void readAll();
    return () => {
      stop.abort();
      cancelRetry();
    };
  }, [missing, client, environment]);
  return tree;
}

const AT_ONCE = 6;
const RETRY_MS = 3_000;

import { sessionStreams } from "@skein/sessions";
import { useEffect, useState } from "react";
import { createExternal, type Observable } from "../external.ts";
import { useSkein } from "../provider.tsx";
import { useExternal } from "../use-external.ts";
import { createOverviewScan, type OverviewView } from "./scan.ts";

const never: Observable<OverviewView | undefined> = createExternal(undefined);

/**
 * The overview of a session: its turns, commands and changed files. Reads its whole log once, in bounded pages, and goes
 * on with what arrives, for as long as the component is there; what it holds is bounded. `undefined` at first.
 */
export function useOverview(sessionId: string): OverviewView | undefined {
  const { client, follower, environment } = useSkein();
  const [view, setView] = useState<Observable<OverviewView>>();
  useEffect(() => {
    const scan = createOverviewScan({ client, follower, environment, stream: sessionStreams(sessionId).main });
    setView(scan.view);
    return () => {
      scan.close();
      setView(undefined);
    };
  }, [client, follower, environment, sessionId]);
  return useExternal<OverviewView | undefined>(view ?? never);
}

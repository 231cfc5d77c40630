import { useEffect } from "react";
import type { Connection } from "./connection.ts";
import { useSkein } from "./provider.tsx";
import type { SessionsView } from "./sessions-store.ts";
import { useExternal } from "./use-external.ts";

/** Every session of the server, newest activity first, live. */
export function useSessions(): SessionsView & { readonly loadMore: () => void } {
  const { sessions } = useSkein();
  useEffect(() => sessions.retain(), [sessions]);
  return { ...useExternal(sessions.view), loadMore: sessions.loadMore };
}

/** How fresh what the hooks show is. */
export function useConnection(): Connection {
  return useExternal(useSkein().follower.connection);
}

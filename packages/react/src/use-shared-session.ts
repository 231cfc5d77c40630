import type { SharedSession } from "@skein/protocol";
import { useEffect, useState } from "react";
import { createExternal, type Observable } from "./external.ts";
import { createGuestStore, type GuestStore } from "./guest-store.ts";
import { useSkein } from "./provider.tsx";
import type { SessionView } from "./session-view.ts";
import { LOADING } from "./use-coding-session.ts";
import { useExternal } from "./use-external.ts";

export interface GuestSession extends SessionView {
  /** What the session is called and how it is; absent until it is known. */
  readonly shared: SharedSession | undefined;
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
  readonly toEnd: () => void;
  readonly setFollowing: (following: boolean) => void;
}

const unopened: Observable<SessionView> = createExternal(LOADING);
const unknown: Observable<SharedSession | undefined> = createExternal<SharedSession | undefined>(undefined);
const nothing = (): void => undefined;

/** The session that a share link leads to, live, for reading. The provider above has the share's token. */
export function useSharedSession(): GuestSession {
  const { client, follower, environment } = useSkein();
  const [store, setStore] = useState<GuestStore>();
  useEffect(() => {
    const opened = createGuestStore({ client, follower, environment });
    setStore(opened);
    return () => {
      opened.close();
      setStore(undefined);
    };
  }, [client, follower, environment]);
  return {
    ...useExternal(store?.view ?? unopened),
    shared: useExternal(store?.shared ?? unknown),
    loadOlder: store?.loadOlder ?? nothing,
    loadNewer: store?.loadNewer ?? nothing,
    toEnd: store?.toEnd ?? nothing,
    setFollowing: store?.setFollowing ?? nothing,
  };
}

import { useEffect, useState } from "react";
import { createExternal, type Observable } from "./external.ts";
import { useSkein } from "./provider.tsx";
import type { OutgoingPrompt } from "./outbox.ts";
import { createSessionStore, type SessionStore } from "./session-store.ts";
import type { SessionView } from "./session-view.ts";
import { useExternal } from "./use-external.ts";

export interface CodingSession extends SessionView {
  readonly id: string;
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
  readonly toEnd: () => void;
  readonly toPosition: (position: number) => void;
  readonly setFollowing: (following: boolean) => void;
  /** Sends a prompt once, however often the network fails; it waits in `outgoing` until it has arrived. */
  readonly send: (text: string, options?: Partial<Omit<OutgoingPrompt, "text">>) => void;
  readonly discard: (outgoingId: string) => void;
  readonly retry: (outgoingId: string) => void;
}

const never: Observable<SessionView | undefined> = createExternal(undefined);
const nothing = (): void => undefined;

/**
 * One session: its coder and its history, opened in parallel, the newest rows first, live. What it holds is bounded,
 * whatever the length of the history; `loadOlder` pages backwards.
 *
 * @param options.position open at this position of the log instead of the end
 */
export function useCodingSession(id: string, options: { readonly position?: number | undefined } = {}): CodingSession {
  const skein = useSkein();
  const [store, setStore] = useState<SessionStore>();
  const { position } = options;
  useEffect(() => {
    const { client, follower, environment } = skein;
    const opened = createSessionStore({ client, follower, environment, sessionId: id, position });
    setStore(opened);
    return () => {
      opened.close();
      setStore(undefined);
    };
    // A link to another row of the same session moves the window; it does not open the session anew.
  }, [skein, id]);
  useEffect(() => {
    if (position !== undefined) store?.toPosition(position);
  }, [store, position]);
  const view = useExternal<SessionView | undefined>(store?.view ?? never) ?? LOADING;
  // The directory's row changes with every turn; the store has read it once, for a session that is not in the list.
  const { sessions } = skein;
  useEffect(() => sessions.retain(), [sessions]);
  const listed = useExternal(sessions.view).sessions.find((one) => one.id === id);
  return {
    ...view,
    session: listed ?? view.session,
    id,
    loadOlder: store?.loadOlder ?? nothing,
    loadNewer: store?.loadNewer ?? nothing,
    toEnd: store?.toEnd ?? nothing,
    toPosition: store?.toPosition ?? nothing,
    setFollowing: store?.setFollowing ?? nothing,
    send: (text, { type = "prompt", attachments = [] } = {}) => store?.outbox.send({ text, type, attachments }),
    discard: store?.outbox.discard ?? nothing,
    retry: store?.outbox.retry ?? nothing,
  };
}

/** Before anything is known. */
export const LOADING: SessionView = {
  phase: { kind: "loading" },
  session: undefined,
  items: [],
  status: "initializing",
  statusSince: undefined,
  error: undefined,
  queue: [],
  outgoing: [],
  answered: new Map(),
  atStart: false,
  atEnd: true,
  missed: 0,
  opening: 0,
  loading: undefined,
  usage: undefined,
};

import type { Fold } from "@skein/runtime/client";
import { useEffect, useMemo, useState } from "react";
import { createExternal, type Observable } from "./external.ts";
import { useSkein } from "./provider.tsx";
import { createRowReader, type StateRows, type StateShape } from "./state-rows.ts";
import { createStateStore, type StatePhase, type StateStore, type StateView } from "./state-store.ts";
import { useExternal } from "./use-external.ts";

export interface StateStreamOptions {
  /** Begin with this many of the newest messages and page backwards with `loadOlder`. Default: all of them. */
  readonly last?: number;
  /** How long it may take until what is observed is there. Default 5000. */
  readonly waitMs?: number;
}

export interface StateStreamView {
  readonly phase: StatePhase;
  /** With `last`: everything that is in front has been read. */
  readonly atStart: boolean;
  readonly loadingOlder: boolean;
  readonly loadOlder: () => void;
}

/** A state stream that is being folded. `version` says when `fold` has changed; it is the same object. */
export interface FoldedStream {
  readonly view: StateStreamView;
  readonly fold: Fold | undefined;
  readonly version: number;
}

export const WAIT_MS = 5_000;

const never: Observable<StateView> = createExternal<StateView>({
  phase: { kind: "loading" },
  version: -1,
  atStart: false,
  loading: false,
});
const nothing = (): void => undefined;

/** Follows a state stream while the component is there. */
export function useStateStream(path: string, { last, waitMs = WAIT_MS }: StateStreamOptions): FoldedStream {
  const { client, follower, environment } = useSkein();
  const [store, setStore] = useState<StateStore>();
  useEffect(() => {
    const opened = createStateStore({ client, follower, environment, path, last, waitMs });
    setStore(opened);
    return () => {
      opened.close();
      setStore(undefined);
    };
  }, [client, follower, environment, path, last, waitMs]);
  const { phase, atStart, loading, version } = useExternal(store?.view ?? never);
  const loadOlder = store?.loadOlder ?? nothing;
  return { view: { phase, atStart, loadingOlder: loading, loadOlder }, fold: store?.fold, version };
}

/** Rows of some of its collections: the same arrays until the stream has something new. */
export function useRows<S extends StateShape>({ fold, version }: FoldedStream, shape: S): StateRows<S> {
  const [readRows] = useState(createRowReader);
  // `version` stands for what is in the fold.
  return useMemo(() => readRows(fold, shape), [fold, version, shape, readRows]);
}

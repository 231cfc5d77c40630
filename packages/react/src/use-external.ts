import { useSyncExternalStore } from "react";
import type { Observable } from "./external.ts";

export function useExternal<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get, observable.get);
}

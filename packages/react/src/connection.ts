import { createExternal, type External } from "./external.ts";

/**
 * What the page may honestly say about how fresh it is. `since` is when it stopped being so, milliseconds.
 */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "catching-up" }
  | { readonly kind: "offline"; readonly since: number }
  | { readonly kind: "denied" };

export type ConnectionStore = External<Connection>;

export function createConnection(): ConnectionStore {
  return createExternal<Connection>({ kind: "connecting" });
}

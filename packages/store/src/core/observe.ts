/** What one group of commits took, for tests, metrics and benchmarks. Times are milliseconds. */
export interface GroupReport {
  readonly commits: number;
  /** False when nothing had to be written: all were refused, or only ephemeral streams changed. */
  readonly synced: boolean;
  /** Bytes of message bodies in the batches of the group. */
  readonly bytes: number;
  readonly decideMs: number;
  readonly writeMs: number;
  readonly syncMs: number;
}

export type StoreEvent =
  | ({ readonly kind: "group" } & GroupReport)
  | { readonly kind: "group-failed"; readonly commits: number; readonly message: string }
  /** Work that nobody waits for failed; it is done again at its next time. */
  | { readonly kind: "background-failed"; readonly work: "maintenance" | "polling"; readonly message: string };

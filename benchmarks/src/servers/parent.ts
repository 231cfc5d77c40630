import { once } from "node:events";

/** Tells the parent where we listen. (Not by stdout: the peer writes its log there.) */
export function announce(url: string): void {
  process.send?.({ url });
}

/** Resolves when the parent is done with us, or is gone. */
export async function untilOrphaned(): Promise<void> {
  await once(process, "disconnect");
}

import type { Store } from "@skein/store";
import type { VapidKeys } from "../records/collections.ts";
import { newVapidKeys } from "./send.ts";

/** The server's keys for push services, made once for all servers of a store. As secret as the store. */
export async function vapidKeys(store: Store): Promise<VapidKeys> {
  const known = await store.getRecord<VapidKeys>("vapid", "keys");
  if (known) return known.value;
  const value = newVapidKeys();
  const outcome = await store.commit([
    { kind: "put-record", collection: "vapid", id: "keys", value, expectedVersion: 0 },
  ]);
  return outcome.kind === "committed" ? value : vapidKeys(store);
}

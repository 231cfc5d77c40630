import { PREFIX, pushForget, pushSubscription, SkeinError } from "@skein/protocol";
import type { Operation } from "@skein/store";
import { hashSecret } from "../auth/secrets.ts";
import type { ServerContext } from "../context.ts";
import { readJson } from "../http/body.ts";
import { json, noContent } from "../http/errors.ts";
import type { Route, RouteRequest } from "../http/router.ts";
import type { PushRecord } from "../records/collections.ts";
import { execute } from "../records/execute.ts";
import { vapidKeys } from "./keys.ts";

const MAX_BROWSERS = 100;

export function pushRoutes({ store }: ServerContext): Route[] {
  const pattern = `${PREFIX}/push`;
  const commit = (operation: Operation): Promise<void> =>
    execute(store, async () => ({ kind: "commit", operations: [operation], answer: () => undefined }));

  const subscribe = async ({ request, principal }: RouteRequest): Promise<Response> => {
    const { subscription, wants } = await readJson(request, pushSubscription);
    const id = hashSecret(subscription.endpoint);
    const { records } = await store.queryRecords<PushRecord>({ collection: "push", limit: MAX_BROWSERS });
    if (records.length >= MAX_BROWSERS && !records.some((one) => one.id === id)) {
      throw new SkeinError("conflict", `There are ${MAX_BROWSERS} browsers that are told already.`);
    }
    const value: PushRecord = { ...subscription, wants, principal, createdAt: store.now(), failures: 0 };
    await commit({ kind: "put-record", collection: "push", id, value });
    return noContent();
  };
  return [
    { method: "GET", pattern, handle: async () => json({ publicKey: (await vapidKeys(store)).publicKey }) },
    { method: "PUT", pattern, handle: subscribe },
    {
      method: "POST",
      pattern: `${pattern}/forget`,
      handle: async ({ request }) => {
        const { endpoint } = await readJson(request, pushForget);
        await commit({ kind: "delete-record", collection: "push", id: hashSecret(endpoint) });
        return noContent();
      },
    },
  ];
}

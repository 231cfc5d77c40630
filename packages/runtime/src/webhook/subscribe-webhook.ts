import { SkeinError } from "@skein/protocol";
import type { ConnectionOptions } from "../client/index.ts";
import { createClient } from "../client/index.ts";
import type { Registry } from "../registry.ts";

export interface WebhookSubscription extends ConnectionOptions {
  /** Where the server finds the handler: https, or http on the server's own machine. */
  readonly url: string;
  /** How long a claim holds without a heartbeat: 1000 to 600,000. Default 30,000. */
  readonly leaseMs?: number;
  /** In front of the subscriptions' ids, one for each type. Default `webhook`. */
  readonly id?: string;
}

/**
 * Registers the types and has the server call the handler when entities of them have work: once for each deployment, and
 * the same again does no harm. Types with `admit` are refused (`invalid_request`): they need a runner that can be asked.
 */
export async function subscribeWebhook(registry: Registry, subscription: WebhookSubscription): Promise<void> {
  const { url, leaseMs = 30_000, id = "webhook", ...connection } = subscription;
  const client = createClient(connection);
  for (const { name, registration } of registry.types()) {
    if (registration.admission === true) {
      throw new SkeinError("invalid_request", `“${name}” has \`admit\`, and a webhook cannot be asked: use a runner.`);
    }
    await client.registerEntityType(registration);
    const body = { type: "webhook", entity_type: name, webhook: { url }, lease_ttl_ms: leaseMs };
    const path = `/v1/stream/__ds/subscriptions/${encodeURIComponent(`${id}-${name}`)}`;
    await client.transport.request("PUT", path, { body });
  }
}

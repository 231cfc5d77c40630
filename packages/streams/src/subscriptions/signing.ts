import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import type { Store } from "@skein/store";
import type { KeyRecord } from "./records.ts";

/** The one key with which webhooks are signed: made when it is first needed, kept in the store, same on every server. */
export async function signingKey(store: Store): Promise<KeyRecord> {
  const there = await store.getRecord<KeyRecord>("ds_keys", "current");
  if (there !== undefined) return there.value;
  const made = newKey();
  const outcome = await store.commit([
    { kind: "put-record", collection: "ds_keys", id: "current", value: made, expectedVersion: 0 },
  ]);
  if (outcome.kind === "committed") return made;
  const others = await store.getRecord<KeyRecord>("ds_keys", "current");
  return others?.value ?? made;
}

function newKey(): KeyRecord {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  if (x === undefined) throw new Error("An Ed25519 key has no x.");
  const kid = `ds_${createHash("sha256").update(x).digest("base64url").slice(0, 16)}`;
  return { kid, x, privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64") };
}

/** `webhook-signature`: over the time in seconds, a point, and the body as it is sent. */
export function signatureOf({ kid, privateKey }: KeyRecord, body: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  const key = createPrivateKey({ key: Buffer.from(privateKey, "base64"), format: "der", type: "pkcs8" });
  const signature = sign(null, Buffer.from(`${seconds}.${body}`), key).toString("base64url");
  return `t=${seconds},kid=${kid},ed25519=${signature}`;
}

/** The public half, for `jwks.json`. */
export function jwkOf({ kid, x }: KeyRecord) {
  return { kty: "OKP", crv: "Ed25519", x, kid, use: "sig", alg: "EdDSA" } as const;
}

import { SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { Clock, Transport } from "../client/index.ts";

/** Whether a call comes from the server: judged over its time and its exact bytes, before anything in it is looked at. */
export interface SignatureJudge {
  /** Throws `unauthorized` when it is not signed by the server's key, or not now. */
  verify(header: string | null, body: string): Promise<void>;
}

const JWKS = "/v1/stream/__ds/jwks.json";
const FORM = /^t=(\d{1,12}),kid=([\w-]{1,128}),ed25519=([\w-]{1,128})$/;
/** A key that is not known may be new; somebody who names random keys must not make us ask all the time. */
const REFRESH_MS = 60_000;

type PublicKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const jwks = z.object({
  keys: z.array(z.looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string(), kid: z.string() })),
});

/** The public key is asked for at the server, and kept. */
export function createSignatureJudge(options: {
  readonly transport: Transport;
  readonly clock: Clock;
  /** How far the time of a call may be from now. */
  readonly toleranceMs: number;
}): SignatureJudge {
  const { transport, clock, toleranceMs } = options;
  const keys = new Map<string, PublicKey>();
  let askedAt = -Infinity;
  let asking: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    const answer = await transport.json(jwks, "GET", JWKS);
    for (const { kid, kty, crv, x } of answer.keys) {
      const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
      keys.set(kid, key);
    }
    askedAt = clock.now();
  };
  const keyOf = async (kid: string): Promise<PublicKey | undefined> => {
    if (!keys.has(kid) && clock.now() - askedAt >= REFRESH_MS) {
      asking ??= ask().finally(() => (asking = undefined));
      await asking;
    }
    return keys.get(kid);
  };
  return {
    async verify(header, body) {
      const [, seconds = "", kid = "", signature = ""] = FORM.exec(header ?? "") ?? [];
      if (signature === "") throw refused("it has no signature that is understood");
      if (Math.abs(clock.now() - Number(seconds) * 1000) > toleranceMs) throw refused("its signature is not of now");
      const key = await keyOf(kid);
      if (!key) throw refused("its key is not the server's");
      const bytes = fromBase64Url(signature);
      const signed = new TextEncoder().encode(`${seconds}.${body}`);
      if (!bytes || !(await crypto.subtle.verify("Ed25519", key, bytes, signed)))
        throw refused("its signature is wrong");
    },
  };
}

function refused(why: string): SkeinError {
  return new SkeinError("unauthorized", `This call is refused: ${why}.`);
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

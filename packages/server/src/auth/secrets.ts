import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 bits, for tokens and claim ids. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Takes the same time whatever differs, lengths included. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** What a cookie holds instead of the token: it can be made from the token and not the other way round. */
export function deriveSecret(token: string, purpose: string): string {
  return createHmac("sha256", token).update(purpose).digest("base64url");
}

import { sha256 } from "./sha256.ts";

/**
 * A UUID that follows from its parts, so that what is made twice has the same ids. (Version 8 of RFC 9562: SHA-256
 * under a version of one's own; version 5 would be the same with SHA-1.)
 */
export function derivedUuid(...parts: readonly string[]): string {
  const digits = Array.from(sha256(new TextEncoder().encode(JSON.stringify(parts))).slice(0, 32));
  digits[12] = "8";
  digits[16] = ((Number.parseInt(digits[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  const hex = digits.join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

import { createHash } from "node:crypto";

/**
 * A UUID that follows from its parts: the same prompt and the same coder have the same one whenever they are asked,
 * so nothing is made twice after a crash. (Version 8 of RFC 9562: a derivation of one's own.)
 */
export function uuidOf(...parts: readonly string[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

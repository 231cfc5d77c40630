import { createHash, randomBytes } from "node:crypto";

/** 256 bits: what a claim's holder shows. Kept only as its hash. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString("base64url")}`;
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

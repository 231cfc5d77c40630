import type { Attachment } from "../events.ts";
import type { Picture } from "./steps.ts";

/** Bytes of a picture's beginning: what it says it is must be what it is, or every later request would be refused. */
const SIGNATURES: ReadonlyMap<string, RegExp> = new Map([
  ["image/png", /^iVBORw0KGgo/],
  ["image/jpeg", /^\/9j\//],
  ["image/gif", /^R0lGOD/],
  ["image/webp", /^UklGR/],
]);
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Characters: five megabytes is what models take. */
const MAX_BASE64 = 5 * 1024 * 1024;

/** A picture that a model will take, from the row itself or from what was kept beside it. */
export function pictureIn(
  attachment: Attachment,
  bytesOf: (sha256: string) => Uint8Array | undefined,
): Picture | undefined {
  const { kind, data, blob } = attachment;
  const mime = attachment.mime.toLowerCase();
  const signature = SIGNATURES.get(mime);
  if (kind !== "image" || signature === undefined) return undefined;
  const bytes = blob === undefined || data !== undefined ? undefined : bytesOf(blob.sha256);
  const base64 = data ?? (bytes === undefined ? undefined : toBase64(bytes));
  if (base64 === undefined || base64.length > MAX_BASE64 || base64.length % 4 !== 0) return undefined;
  return signature.test(base64) && BASE64.test(base64) ? { mime, base64 } : undefined;
}

const CHUNK = 0x8000;

function toBase64(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_BASE64) return undefined;
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

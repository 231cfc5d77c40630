import type { DriverAttachment, PromptInput } from "../driver.ts";

/** A prompt in the two forms that every agent takes: words and pictures. */
export interface PromptParts {
  readonly text: string;
  readonly images: readonly DriverAttachment[];
}

/** What models take as pictures, by how its bytes begin: one that is something else would be refused in every call. */
const PICTURES: ReadonlyMap<string, string> = new Map([
  ["image/png", "89504e470d0a1a0a"],
  ["image/jpeg", "ffd8ff"],
  ["image/gif", "47494638"],
  ["image/webp", "52494646"],
]);
const MAX_PICTURE_BYTES = 3.75 * 1024 * 1024;
/** Bytes of a text that goes into the prompt itself; a longer one is a file to be read. */
const MAX_INLINE_BYTES = 32 * 1024;

/** Short texts go along word by word, pictures as pictures where the agent sees them, the rest as files to be read. */
export function promptParts({ text, attachments = [] }: PromptInput, seesImages = true): PromptParts {
  const images = attachments.filter((one) => seesImages && isPicture(one));
  const others = attachments.filter((one) => !images.includes(one));
  return { text: [text, ...others.map(described)].join("\n\n"), images };
}

function isPicture({ mime, bytes }: DriverAttachment): boolean {
  const begins = PICTURES.get(mime);
  if (begins === undefined || bytes.length > MAX_PICTURE_BYTES) return false;
  return Buffer.from(bytes.subarray(0, 8)).toString("hex").startsWith(begins);
}

function described({ name, path, mime, bytes }: DriverAttachment): string {
  const words = textOf(bytes, mime);
  if (words === undefined) return `Attached file “${name}” (${mime}, ${String(bytes.length)} bytes): ${path}`;
  // A fence that the text itself does not have.
  const longest = Math.max(2, ...[...words.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `Attached file “${name}”:\n${fence}\n${words}\n${fence}`;
}

function textOf(bytes: Uint8Array, mime: string): string | undefined {
  if (bytes.length > MAX_INLINE_BYTES || !/^(?:text\/|application\/(?:json|xml|yaml|toml)$)/.test(mime))
    return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined; // it says that it is text, and is not
  }
}

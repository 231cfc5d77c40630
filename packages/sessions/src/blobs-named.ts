import type { BlobRef, TranscriptEvent } from "./events.ts";

/** What a row refers to: large texts, and attachments beyond its size. */
export function blobsNamed(event: TranscriptEvent): BlobRef[] {
  const own = "blob" in event && event.blob !== undefined ? [event.blob] : [];
  const attached = "attachments" in event ? (event.attachments ?? []) : [];
  return [...own, ...attached.flatMap(({ blob }) => (blob === undefined ? [] : [blob]))];
}

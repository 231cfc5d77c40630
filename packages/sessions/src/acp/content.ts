import { boundAttachment, type BlobSink } from "../bounds.ts";
import type { Attachment } from "../events.ts";
import type { ContentBlock } from "./updates.ts";

/** The words of a block: a link is told by its name. */
export function textOf(block: ContentBlock | undefined): string {
  if (block === undefined) return "";
  switch (block.type) {
    case "text":
      return block.text ?? "";
    case "resource_link":
      return block.uri ? `[${block.name ?? block.uri}](${block.uri})` : "";
    case "resource":
      return block.resource?.text ?? block.resource?.uri ?? "";
    default:
      return "";
  }
}

export function imageOf(block: ContentBlock | undefined, sink: BlobSink): Attachment | undefined {
  if (block?.type !== "image" || block.data === undefined) return undefined;
  return boundAttachment({ kind: "image", mime: block.mimeType ?? "image/png", base64: block.data }, sink);
}

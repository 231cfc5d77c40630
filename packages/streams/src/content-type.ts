/**
 * Content types as streams know them: the media type in lower case, without parameters.
 */
const MEDIA_TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}\/[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/;

/** How the messages of a stream are framed: JSON values, text, or bytes (base64 where only text fits). */
export type Mode = "json" | "text" | "bytes";

/** `undefined` when the header is absent or empty. */
export function mediaType(header: string | null): string | undefined {
  const essence = header?.split(";", 1)[0]?.trim().toLowerCase();
  return essence === "" ? undefined : essence;
}

export function isMediaType(type: string): boolean {
  return MEDIA_TYPE.test(type);
}

export function modeOf(contentType: string): Mode {
  const type = mediaType(contentType);
  if (type === "application/json") return "json";
  return type?.startsWith("text/") === true ? "text" : "bytes";
}

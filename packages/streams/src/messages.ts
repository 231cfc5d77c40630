import { SkeinError } from "@skein/protocol";
import { modeOf } from "./content-type.ts";
import { splitJson } from "./json-messages.ts";

/** A body into the messages it appends: a JSON array is flattened by one level, anything else is one message. */
export function splitBody(contentType: string, body: Uint8Array): readonly Uint8Array[] {
  if (modeOf(contentType) !== "json") return [body];
  const split = splitJson(body);
  if (split.kind === "invalid") throw new SkeinError("malformed_json", `The body is not JSON: ${split.message}`);
  return split.messages;
}

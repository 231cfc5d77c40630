import { ENTITY_ID, ENTITY_TYPE, entityUrl, parseEntityUrl } from "@skein/protocol";
import { usageError } from "../failure.ts";

/** An entity as people name it: `/coder/ID`, `coder/ID`, or `ID` alone for a coder. Answers its URL. */
export function parseTarget(text: string): string {
  const url = text.startsWith("/") ? text : text.includes("/") ? `/${text}` : entityUrl("coder", text);
  if (parseEntityUrl(url) !== undefined) return url;
  throw usageError(
    `“${text}” is not an entity.`,
    "Name it as TYPE/ID, for example coder/7f3c…; `skein ls` lists them.",
  );
}

/** What is to be spawned: `TYPE/ID`, or `TYPE` alone with a new id. */
export function parseSpawnTarget(text: string, newId: () => string): { readonly type: string; readonly id: string } {
  const [type = "", id = newId(), ...rest] = text.replace(/^\//, "").split("/");
  if (!ENTITY_TYPE.test(type)) {
    throw usageError(
      `“${type}” is not the name of an entity type.`,
      "Lower-case letters, digits, - and _, at most 64.",
    );
  }
  if (rest.length > 0 || !ENTITY_ID.test(id)) {
    throw usageError(
      `“${[id, ...rest].join("/")}” is not an id.`,
      "Letters, digits and . _ ~ - only, at most 128 characters.",
    );
  }
  return { type, id };
}

import type { Tags } from "@skein/protocol";
import { ENTITY_EVENTS } from "@skein/protocol";
import type { StreamEvent } from "../client/index.ts";
import { isChangeEvent } from "../client/index.ts";

/** An entity's tags while its handler runs: as the claim brought them, and as the handler and the log change them. */
export interface TagView {
  readonly current: Tags;
  onLog(event: StreamEvent): void;
  /** `undefined` removes it. */
  put(name: string, value: string | undefined): void;
}

export function createTagView(initial: Tags): TagView {
  const tags = new Map<string, string>(Object.entries(initial));
  const put = (name: string, value: string | undefined): void => {
    if (value === undefined) tags.delete(name);
    else tags.set(name, value);
  };
  return {
    get current() {
      return Object.fromEntries(tags);
    },
    onLog(event) {
      if (!isChangeEvent(event) || event.type !== ENTITY_EVENTS.tag) return;
      if (event.headers.operation === "delete") put(event.key, undefined);
      else if (hasTextValue(event.value)) put(event.key, event.value.value);
    },
    put,
  };
}

function hasTextValue(row: unknown): row is { readonly value: string } {
  return typeof row === "object" && row !== null && "value" in row && typeof row.value === "string";
}

import { sharedStateStream } from "@skein/protocol";
import type { StateRows, StateShape } from "./state-rows.ts";
import { useRows, useStateStream, type StateStreamOptions, type StateStreamView } from "./use-state-stream.ts";

export interface SharedStateView<S extends StateShape> extends StateStreamView {
  readonly collections: StateRows<S>;
}

/**
 * A shared state, folded and live. Give it a `shape` that stays the same object, such as the schema that the handlers
 * use; with `last` its memory does not grow with the history.
 *
 * @example
 * const board = { notes: { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) } };
 * function Board() {
 *   const { phase, collections } = useSharedState("board", board);
 *   return phase.kind === "ready" ? collections.notes.map((note) => <p key={note.key}>{note.text}</p>) : phase.kind;
 * }
 */
export function useSharedState<S extends StateShape>(
  id: string,
  shape: S,
  options: StateStreamOptions = {},
): SharedStateView<S> {
  const stream = useStateStream(sharedStateStream(id), options);
  return { ...stream.view, collections: useRows(stream, shape) };
}

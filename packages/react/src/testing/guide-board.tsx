import { useSharedState } from "@skein/react";
import { z } from "zod";

export const board = {
  notes: { type: "note", primaryKey: "key", schema: z.object({ key: z.string(), text: z.string() }) },
};

export function Board() {
  const { phase, collections } = useSharedState("board", board);
  if (phase.kind !== "ready") return <p>The board is {phase.kind}.</p>;
  return (
    <ul>
      {collections.notes.map((note) => (
        <li key={note.key}>{note.text}</li>
      ))}
    </ul>
  );
}

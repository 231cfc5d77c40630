import type { JournalBounds } from "../sqlite/journal-writer.ts";

/** So small that messages are moved out of it all the time, for either reason. */
export const SMALL_JOURNAL: JournalBounds = { bytes: 6000, foldBytes: 3000 };

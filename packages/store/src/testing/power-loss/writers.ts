/** Commits of one group: each of its own writer. */
export const WRITERS = 3;

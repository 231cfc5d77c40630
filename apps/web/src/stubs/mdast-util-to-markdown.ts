/** Stands in for the writer of Markdown; here it is only read (see vite.config.ts). Being asked for is a defect. */
export const defaultHandlers = {};
export function toMarkdown(): never {
  throw new Error("Markdown is not written here");
}

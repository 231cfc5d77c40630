/** Stands in for the sanitiser of raw HTML, of which there is none (see vite.config.ts). Being asked for is a defect. */
export const defaultSchema = {};
export default function rehypeSanitize(): never {
  throw new Error("raw HTML is not rendered here");
}

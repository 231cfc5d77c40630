/** Stands in for the parser of raw HTML (see vite.config.ts). Being asked for is a defect. */
export default function rehypeRaw(): never {
  throw new Error("raw HTML is not rendered here");
}

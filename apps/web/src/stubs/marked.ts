/** Stands in for the parser by which Streamdown cuts blocks; src/text/markdown-blocks.ts does it (see vite.config.ts). */
export function Lexer(): never {
  throw new Error("blocks are cut by markdownBlocks");
}

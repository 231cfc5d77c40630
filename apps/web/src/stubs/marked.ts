/** Stands in for the Markdown lexer by which Streamdown cuts blocks; src/text/markdown-blocks.ts does (see vite.config.ts). */
export class Lexer {
  constructor() {
    throw new Error("blocks are cut by markdownBlocks");
  }
}

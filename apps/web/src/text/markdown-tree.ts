import type { Definition, FootnoteDefinition, Nodes, Root, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import remend from "remend";

/** A text of Markdown as a tree, with what its parts refer to. Pure. */
export interface MarkdownTree {
  readonly nodes: readonly RootContent[];
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly footnotes: readonly FootnoteDefinition[];
  /** Where it ends, to know what is still being written. */
  readonly end: number;
}

export function parseMarkdown(text: string): MarkdownTree {
  const root: Root = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const definitions = new Map<string, Definition>();
  const footnotes: FootnoteDefinition[] = [];
  for (const node of root.children) {
    if (node.type === "definition" && !definitions.has(node.identifier)) definitions.set(node.identifier, node);
    if (node.type === "footnoteDefinition") footnotes.push(node);
  }
  return { nodes: root.children, definitions, footnotes, end: text.trimEnd().length };
}

/** A text that breaks off, with what it has begun brought to an end: half of a `**word` is already bold. */
export function completed(text: string): string {
  return remend(text, { linkMode: "text-only", katex: false, htmlTags: false });
}

/** The words of a part of the tree, in order, whatever stands around them. */
export function wordsIn(node: Nodes): string {
  const words: string[] = [];
  const waiting: Nodes[] = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if ("value" in next) words.push(next.value);
    if ("children" in next) waiting.push(...next.children.toReversed());
  }
  return words.join("");
}

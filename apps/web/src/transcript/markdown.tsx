import { memo, useMemo } from "react";
import { markdownBlocks } from "../text/markdown-blocks.ts";
import { completed, parseMarkdown } from "../text/markdown-tree.ts";
import { visibleText } from "../text/visible-text.ts";
import { CodeBlock } from "./code-block.tsx";
import { Footnotes, Nodes } from "./markdown-nodes.tsx";
import styles from "./markdown.module.css";

export interface MarkdownProps {
  readonly text: string;
  readonly streaming?: boolean;
}

/** Larger texts are shown as they are: parsing them would hold up the page. */
const MOST_CHARS = 200_000;

/**
 * Text that an agent wrote. It becomes a tree of Markdown and the tree becomes our own elements, with no HTML in
 * between: raw HTML is text, links lead to the web or nowhere, images become their description. Nothing is loaded
 * because a transcript says so. While it is being written, only its last block is parsed again.
 */
export const Markdown = memo(function Markdown({ text, streaming = false }: MarkdownProps) {
  if (text.length > MOST_CHARS) return <CodeBlock text={visibleText(text)} wrap lines={200} />;
  const shown = visibleText(text);
  const blocks = streaming ? markdownBlocks(shown) : [shown];
  return (
    <div className={styles["markdown"]}>
      {blocks.map((block, index) => (
        <Block key={index} text={block} open={streaming && index === blocks.length - 1} />
      ))}
    </div>
  );
});

/** `open`: its end is still being written. */
const Block = memo(function Block({ text, open }: { readonly text: string; readonly open: boolean }) {
  const tree = useMemo(() => parseMarkdown(open ? completed(text) : text), [text, open]);
  return (
    <>
      <Nodes nodes={tree.nodes} tree={tree} open={open} />
      <Footnotes tree={tree} />
    </>
  );
});

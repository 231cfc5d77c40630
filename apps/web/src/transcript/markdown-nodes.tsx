import type { FootnoteDefinition, Image, ImageReference, List, ListItem, RootContent, Table } from "mdast";
import { Fragment, type ReactNode } from "react";
import { languageOf } from "../highlight/language-name.ts";
import { wordsIn, type MarkdownTree } from "../text/markdown-tree.ts";
import { safeUrl } from "../text/safe-url.ts";
import { CodeBlock } from "./code-block.tsx";
import styles from "./markdown.module.css";

export interface NodesProps {
  readonly nodes: readonly RootContent[];
  readonly tree: MarkdownTree;
  /** What stands at its end is still being written. */
  readonly open: boolean;
  readonly depth?: number;
}

/** Beyond this many levels, quotes in quotes and lists in lists are shown as their words. */
const DEEPEST = 9;

export function Nodes({ nodes, tree, open, depth = 0 }: NodesProps) {
  return nodes.map((node, index) => (
    <Fragment key={index}>
      {depth > DEEPEST ? wordsIn(node) : <Node node={node} tree={tree} open={open} depth={depth} />}
    </Fragment>
  ));
}

interface NodeProps extends Omit<NodesProps, "nodes" | "depth"> {
  readonly node: RootContent;
  readonly depth: number;
}

function Node({ node, tree, open, depth }: NodeProps): ReactNode {
  const within = (nodes: readonly RootContent[]) => <Nodes nodes={nodes} tree={tree} open={open} depth={depth + 1} />;
  switch (node.type) {
    case "paragraph":
      return <p>{within(node.children)}</p>;
    case "text":
      return node.value;
    case "html":
      // Shown, never interpreted.
      return node.value;
    case "heading":
      // One level for all: an agent's headings begin anywhere, and the page's own order of headings must stay whole.
      return <h3 className={styles[`h${node.depth}`]}>{within(node.children)}</h3>;
    case "strong":
      return <strong>{within(node.children)}</strong>;
    case "emphasis":
      return <em>{within(node.children)}</em>;
    case "delete":
      return <del>{within(node.children)}</del>;
    case "inlineCode":
      return <code className={styles["inline"]}>{node.value}</code>;
    case "code": {
      // While it is being written, every letter would colour it anew.
      const written = !open || (node.position?.end.offset ?? 0) < tree.end;
      const language = written ? languageOf(node.lang ?? "") : undefined;
      return <CodeBlock text={node.value} label={node.lang ?? "text"} language={language} lines={60} />;
    }
    case "blockquote":
      return <blockquote>{within(node.children)}</blockquote>;
    case "list":
      return (
        <MarkdownList list={node}>
          {node.children.map((item, index) => (
            <Item key={index} item={item}>
              {within(contentOf(item, node))}
            </Item>
          ))}
        </MarkdownList>
      );
    case "table":
      return <MarkdownTable table={node} cell={within} />;
    case "thematicBreak":
      return <hr />;
    case "break":
      return <br />;
    case "link":
      return <Anchor url={node.url}>{within(node.children)}</Anchor>;
    case "linkReference":
      return <Anchor url={tree.definitions.get(node.identifier)?.url}>{within(node.children)}</Anchor>;
    case "image":
    case "imageReference":
      return <ImageNote image={node} tree={tree} />;
    case "footnoteReference":
      return <sup>[{node.label ?? node.identifier}]</sup>;
    case "definition":
    case "footnoteDefinition":
      return null; // The links that use it have it; notes stand at the end.
    case "listItem":
    case "tableRow":
    case "tableCell":
      return within(node.children);
    case "yaml":
      return node.value;
  }
}

/** Lists without empty lines between their items are set without paragraphs. */
function contentOf(item: ListItem, list: List): readonly RootContent[] {
  const loose = (list.spread ?? false) || item.spread === true;
  return loose
    ? item.children
    : item.children.flatMap<RootContent>((child) => (child.type === "paragraph" ? child.children : [child]));
}

function MarkdownList({ list, children }: { readonly list: List; readonly children: ReactNode }) {
  return list.ordered === true ? <ol start={list.start ?? 1}>{children}</ol> : <ul>{children}</ul>;
}

function Item({ item, children }: { readonly item: ListItem; readonly children: ReactNode }) {
  return (
    <li>
      {typeof item.checked === "boolean" && (
        <input type="checkbox" checked={item.checked} readOnly disabled aria-label={item.checked ? "done" : "to do"} />
      )}
      {children}
    </li>
  );
}

interface TableProps {
  readonly table: Table;
  readonly cell: (nodes: readonly RootContent[]) => ReactNode;
}

function MarkdownTable({ table, cell }: TableProps) {
  const [head, ...body] = table.children;
  const align = (index: number) => (table.align?.[index] === "right" ? styles["right"] : undefined);
  return (
    <div className={styles["tableBox"]} tabIndex={0} role="group" aria-label="Table">
      <table className={styles["table"]}>
        <thead>
          <tr>
            {head?.children.map((one, index) => (
              <th key={index} className={align(index)}>
                {cell(one.children)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, line) => (
            <tr key={line}>
              {row.children.map((one, index) => (
                <td key={index} className={align(index)}>
                  {cell(one.children)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Anchor({ url, children }: { readonly url: string | undefined; readonly children: ReactNode }) {
  const href = url === undefined ? undefined : safeUrl(url);
  if (href === undefined) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

function ImageNote({ image, tree }: { readonly image: Image | ImageReference; readonly tree: MarkdownTree }) {
  const url = image.type === "image" ? image.url : tree.definitions.get(image.identifier)?.url;
  return (
    <span className={styles["image"]}>
      [image{image.alt ? `: ${image.alt}` : ""}
      {url ? ` – ${url.slice(0, 200)}` : ""}]
    </span>
  );
}

/** What the small numbers in a text stand for. */
export function Footnotes({ tree }: { readonly tree: MarkdownTree }) {
  if (tree.footnotes.length === 0) return null;
  return (
    <section className={styles["notes"]} aria-label="Notes">
      {tree.footnotes.map((note: FootnoteDefinition) => (
        <div key={note.identifier}>
          <span>[{note.label ?? note.identifier}]</span>
          <div>
            <Nodes nodes={note.children} tree={tree} open={false} depth={2} />
          </div>
        </div>
      ))}
    </section>
  );
}

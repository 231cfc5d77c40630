import { memo, type ComponentProps, type JSX, type ReactNode } from "react";
import { Streamdown, type Components } from "streamdown";
import { markdownBlocks } from "../text/markdown-blocks.ts";
import { safeUrl } from "../text/safe-url.ts";
import { visibleText } from "../text/visible-text.ts";
import { CodeBlock } from "./code-block.tsx";
import styles from "./markdown.module.css";

export interface MarkdownProps {
  readonly text: string;
  readonly streaming?: boolean;
}

/** Larger texts are shown as they are: parsing them would hold up the page. */
const MOST_CHARS = 200_000;
const NO_PLUGINS: never[] = [];

/**
 * Text that an agent wrote. Raw HTML is shown as text (no parser for it is even in the bundle), links lead to the web
 * or nowhere, images become their description: nothing is loaded because a transcript says so.
 */
export const Markdown = memo(function Markdown({ text, streaming = false }: MarkdownProps) {
  if (text.length > MOST_CHARS) return <CodeBlock text={visibleText(text)} wrap lines={200} />;
  return (
    <div className={styles["markdown"]}>
      <Streamdown
        mode={streaming ? "streaming" : "static"}
        components={COMPONENTS}
        rehypePlugins={NO_PLUGINS}
        parseMarkdownIntoBlocksFn={markdownBlocks}
        urlTransform={keepUrl}
        controls={false}
      >
        {visibleText(text)}
      </Streamdown>
    </div>
  );
});

function keepUrl(url: string): string | undefined {
  return safeUrl(url);
}

type Props<Tag extends keyof JSX.IntrinsicElements> = ComponentProps<Tag> & { readonly node?: unknown };
type PlainTag = "ul" | "li" | "blockquote" | "p" | "strong" | "sub" | "sup";

/** The element without any of the attributes and classes that Streamdown gives it. */
function plain(Tag: PlainTag) {
  return ({ children }: { readonly children?: ReactNode; readonly node?: unknown }) => <Tag>{children}</Tag>;
}

/** One level for all: an agent's headings begin anywhere, and the page's own order of headings must stay whole. */
function heading(level: number) {
  return ({ children }: { readonly children?: ReactNode; readonly node?: unknown }) => (
    <h3 className={styles[`h${level}`]}>{children}</h3>
  );
}

const COMPONENTS: Components = {
  h1: heading(1),
  h2: heading(2),
  h3: heading(3),
  h4: heading(4),
  h5: heading(5),
  h6: heading(6),
  ul: plain("ul"),
  ol: ({ children, start }: Props<"ol">) => <ol start={start}>{children}</ol>,
  li: plain("li"),
  blockquote: plain("blockquote"),
  p: plain("p"),
  strong: plain("strong"),
  sub: plain("sub"),
  sup: plain("sup"),
  hr: () => <hr />,
  a: Anchor,
  img: ({ alt, src }: Props<"img">) => (
    <span className={styles["image"]}>
      [image{alt ? `: ${alt}` : ""}
      {typeof src === "string" ? ` – ${src}` : ""}]
    </span>
  ),
  input: ({ checked }: Props<"input">) => (
    <input type="checkbox" checked={checked ?? false} readOnly disabled aria-label={checked ? "done" : "to do"} />
  ),
  table: ({ children }: Props<"table">) => (
    <div className={styles["tableBox"]} tabIndex={0} role="region" aria-label="Table">
      <table className={styles["table"]}>{children}</table>
    </div>
  ),
  thead: ({ children }: Props<"thead">) => <thead>{children}</thead>,
  tbody: ({ children }: Props<"tbody">) => <tbody>{children}</tbody>,
  tr: ({ children }: Props<"tr">) => <tr>{children}</tr>,
  th: ({ children }: Props<"th">) => <th>{children}</th>,
  td: ({ children }: Props<"td">) => <td>{children}</td>,
  section: ({ children }: Props<"section">) => <section>{children}</section>,
  inlineCode: ({ children }: Props<"code">) => <code className={styles["inline"]}>{children}</code>,
  code: Fence,
};

function Anchor({ href, children }: Props<"a">) {
  if (href === undefined || href === "") return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

function Fence({ className, children }: Props<"code">) {
  const [, language] = /language-(\S+)/.exec(className ?? "") ?? [];
  const text = typeof children === "string" ? children : Array.isArray(children) ? children.join("") : "";
  return <CodeBlock text={text.replace(/\n$/, "")} label={language ?? "text"} lines={60} />;
}

import type { ToolItem, TranscriptItem } from "@skein/react";
import type { ReactNode } from "react";
import { relativePath } from "../text/format.ts";
import { askedDiff, recordedDiffs } from "../text/tool-diff.ts";
import { command, filePath, text } from "../text/tool-summary.ts";
import { visibleText } from "../text/visible-text.ts";
import { AnsiText } from "./ansi-text.tsx";
import { Attachments } from "./attachment.tsx";
import { CodeBlock } from "./code-block.tsx";
import { Diff } from "./diff.tsx";
import { Markdown } from "./markdown.tsx";
import styles from "./tool-body.module.css";
import { WholeOutput } from "./whole-output.tsx";

export interface ToolBodyProps {
  readonly item: ToolItem;
  readonly directory: string | undefined;
  /** Shows what a sub-agent did; given from outside, since that is a transcript again. */
  readonly children: (items: readonly TranscriptItem[]) => ReactNode;
}

export function ToolBody(props: ToolBodyProps) {
  return (
    <div className={styles["body"]}>
      <Body {...props} />
    </div>
  );
}

function Body({ item, directory, children }: ToolBodyProps) {
  switch (item.tool) {
    case "terminal":
      return <CommandBody item={item} />;
    case "file_edit":
    case "file_write":
      return <ChangeBody item={item} directory={directory} />;
    case "sub_agent":
      return <AgentBody item={item}>{children}</AgentBody>;
    case "file_read":
    case "file_search":
    case "content_search":
    case "web_search":
      return <Output item={item} />;
    default:
      return (
        <>
          {Object.keys(item.input).length > 0 && (
            <CodeBlock text={visibleText(JSON.stringify(item.input, null, 2))} wrap lines={12} />
          )}
          {item.liveInput !== undefined && <CodeBlock text={visibleText(item.liveInput)} wrap lines={8} />}
          <Output item={item} />
        </>
      );
  }
}

function CommandBody({ item }: { readonly item: ToolItem }) {
  const code = item.result?.exitCode;
  return (
    <>
      <CodeBlock text={visibleText(command(item.input))} wrap lines={12} render={(shown) => `$ ${shown}`} />
      <Output item={item} />
      {code !== undefined && code !== 0 && (
        <p className={`${styles["exit"]} ${styles["bad"]}`}>Ended with exit code {code}</p>
      )}
    </>
  );
}

function Output({ item }: { readonly item: ToolItem }) {
  const output = item.result?.output ?? item.liveOutput;
  if (output === undefined) {
    return <p className={styles["quiet"]}>{item.state === "interrupted" ? "It never answered." : "No output yet."}</p>;
  }
  const { blob, attachments } = item.result ?? {};
  const block = (all: string) => (
    <CodeBlock text={all.replace(/\n+$/, "")} render={(shown) => <AnsiText text={shown} />} />
  );
  return (
    <>
      {output.trim() === "" && attachments === undefined && <p className={styles["quiet"]}>No output.</p>}
      {output.trim() !== "" && blob === undefined && block(output)}
      {blob !== undefined && <WholeOutput blob={blob}>{(whole) => block(whole ?? output)}</WholeOutput>}
      <Attachments attachments={attachments} />
    </>
  );
}

function ChangeBody({ item, directory }: { readonly item: ToolItem; readonly directory: string | undefined }) {
  const recorded = recordedDiffs(item.changes ?? []).filter(({ lines }) => lines.length > 0);
  const asked = recorded.length > 0 ? undefined : askedDiff(item.input);
  const path = (one: string): string => visibleText(relativePath(one, directory));
  return (
    <>
      {recorded.map(({ path: changed, lines }) => (
        <Diff key={changed} lines={lines} path={path(changed)} />
      ))}
      {asked !== undefined && <Diff lines={asked} path={path(filePath(item.input))} />}
      {(item.state === "failed" || (recorded.length === 0 && asked === undefined)) && <Output item={item} />}
    </>
  );
}

function AgentBody({ item, children }: Omit<ToolBodyProps, "directory">) {
  return (
    <>
      <p className={styles["prompt"]}>{visibleText(text(item.input, "prompt").slice(0, 4000))}</p>
      {item.children.length > 0 && <div className={styles["children"]}>{children(item.children)}</div>}
      {item.result !== undefined && <Markdown text={item.result.output} />}
    </>
  );
}

import type { ToolItem, TranscriptItem } from "@skein/react";
import type { ReactNode } from "react";
import { relativePath } from "../text/format.ts";
import { askedDiff, recordedDiffs } from "../text/tool-diff.ts";
import { filePath, text } from "../text/tool-summary.ts";
import { visibleText } from "../text/visible-text.ts";
import { AnyBody } from "./bodies/any-body.tsx";
import { CommandBody } from "./bodies/command-body.tsx";
import { Output } from "./bodies/output.tsx";
import { ReadBody } from "./bodies/read-body.tsx";
import { SearchBody } from "./bodies/search-body.tsx";
import { WebBody } from "./bodies/web-body.tsx";
import { Diff } from "./diff.tsx";
import { Markdown } from "./markdown.tsx";
import styles from "./tool-body.module.css";

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
      return <ReadBody item={item} />;
    case "file_search":
    case "content_search":
      return <SearchBody item={item} directory={directory} />;
    case "web_search":
    case "web_fetch":
      return <WebBody item={item} />;
    default:
      return <AnyBody item={item} />;
  }
}

function ChangeBody({ item, directory }: { readonly item: ToolItem; readonly directory: string | undefined }) {
  const recorded = recordedDiffs(item.changes ?? []).filter(({ lines }) => lines.length > 0);
  const asked = recorded.length > 0 ? undefined : askedDiff(item.input);
  const path = (one: string): string => visibleText(relativePath(one, directory));
  return (
    <>
      {recorded.map(({ path: changed, lines }, index) => (
        <Diff key={index} lines={lines} path={path(changed)} />
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

import type { ToolItem } from "@skein/react";
import type { ReactNode } from "react";
import { AnsiText } from "../ansi-text.tsx";
import { Attachments } from "../attachment.tsx";
import { CodeBlock } from "../code-block.tsx";
import styles from "../tool-body.module.css";
import { WholeOutput } from "../whole-output.tsx";

export interface OutputProps {
  readonly item: ToolItem;
  /** Makes the text into what stands there; terminal output by default. */
  readonly children?: (text: string) => ReactNode;
}

/** What came out of a call so far, with what belongs to it and the way to the rest of it. */
export function Output({ item, children = terminalText }: OutputProps) {
  const output = item.result?.output ?? item.liveOutput;
  if (output === undefined) {
    return <p className={styles["quiet"]}>{item.state === "interrupted" ? "It never answered." : "No output yet."}</p>;
  }
  const { blob, attachments } = item.result ?? {};
  const show = item.state === "failed" ? terminalText : children;
  return (
    <>
      {output.trim() === "" && attachments === undefined && <p className={styles["quiet"]}>No output.</p>}
      {output.trim() !== "" && blob === undefined && show(output)}
      {blob !== undefined && <WholeOutput blob={blob}>{(whole) => show(whole ?? output)}</WholeOutput>}
      <Attachments attachments={attachments} />
    </>
  );
}

function terminalText(text: string): ReactNode {
  return <CodeBlock text={text.replace(/\n+$/, "")} render={(shown) => <AnsiText text={shown} />} />;
}

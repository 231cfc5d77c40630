import type { ToolItem } from "@skein/react";
import { command } from "../../text/tool-summary.ts";
import { visibleText } from "../../text/visible-text.ts";
import { CodeBlock } from "../code-block.tsx";
import styles from "../tool-body.module.css";
import { Output } from "./output.tsx";

export function CommandBody({ item }: { readonly item: ToolItem }) {
  const code = item.result?.exitCode;
  return (
    <>
      <CodeBlock text={visibleText(command(item.input))} wrap lines={12} language="bash" prompt />
      <Output item={item} />
      {code !== undefined && code !== 0 && (
        <p className={`${styles["exit"]} ${styles["bad"]}`}>Ended with exit code {code}</p>
      )}
    </>
  );
}

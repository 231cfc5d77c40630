import type { ToolItem } from "@skein/react";
import { safeUrl } from "../../text/safe-url.ts";
import { text } from "../../text/tool-summary.ts";
import { visibleText } from "../../text/visible-text.ts";
import { Markdown } from "../markdown.tsx";
import styles from "../tool-body.module.css";
import { Output } from "./output.tsx";

/** What came from the web: words with links that a person may follow. Nothing of it is loaded here. */
export function WebBody({ item }: { readonly item: ToolItem }) {
  const url = text(item.input, "url");
  const asked = text(item.input, "prompt", "query");
  const href = url === "" ? undefined : safeUrl(url);
  return (
    <>
      {asked !== "" && <p className={styles["prompt"]}>{visibleText(asked.slice(0, 2_000))}</p>}
      {href !== undefined && (
        <p className={styles["prompt"]}>
          <a href={href} target="_blank" rel="noopener noreferrer nofollow">
            {visibleText(href.slice(0, 300))}
          </a>
        </p>
      )}
      <Output item={item}>
        {(output) => (
          <div className={styles["page"]}>
            <Markdown text={output} />
          </div>
        )}
      </Output>
    </>
  );
}

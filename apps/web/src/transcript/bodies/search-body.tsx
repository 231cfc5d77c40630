import type { ToolItem } from "@skein/react";
import { useState } from "react";
import { count, relativePath } from "../../text/format.ts";
import { pathList, searchMatches, type FileMatches } from "../../text/tool-output.ts";
import { visibleText } from "../../text/visible-text.ts";
import { AnsiText } from "../ansi-text.tsx";
import { CodeBlock } from "../code-block.tsx";
import styles from "../tool-body.module.css";
import { Output } from "./output.tsx";

const FIRST = 40;
const MOST = 1_000;
const MOST_CHARS = 400;

/** What a search found: by file where its output says so. */
export function SearchBody({ item, directory }: { readonly item: ToolItem; readonly directory: string | undefined }) {
  return <Output item={item}>{(output) => <Found output={output} directory={directory} />}</Output>;
}

function Found({ output, directory }: { readonly output: string; readonly directory: string | undefined }) {
  const [all, setAll] = useState(false);
  const paths = pathList(output);
  const files = paths?.map<FileMatches>((path) => ({ path, lines: [] })) ?? searchMatches(output);
  if (files === undefined) {
    return <CodeBlock text={output.replace(/\n+$/, "")} render={(shown) => <AnsiText text={shown} />} />;
  }
  const shown = firstLines(files, all ? MOST : FIRST);
  const size = (list: readonly FileMatches[]): number =>
    list.reduce((sum, { lines }) => sum + Math.max(1, lines.length), 0);
  const hidden = size(files) - size(shown);
  return (
    <div className={styles["found"]}>
      <ul>
        {shown.map(({ path, lines }, at) => (
          <li key={at}>
            <code className={styles["file"]}>{visibleText(relativePath(path, directory))}</code>
            {lines.map(({ number, text, context }, index) => (
              <span key={index} className={context ? styles["context"] : styles["match"]} dir="ltr">
                <span className={styles["number"]}>{number}</span>
                <code>{visibleText(text.slice(0, MOST_CHARS))}</code>
              </span>
            ))}
          </li>
        ))}
      </ul>
      {hidden > 0 && !all && (
        <button type="button" className={styles["more"]} onClick={() => setAll(true)}>
          Show {count(hidden, "more")}
        </button>
      )}
      {hidden > 0 && all && <p className={styles["more"]}>{hidden.toLocaleString("en")} not shown here</p>}
    </div>
  );
}

function firstLines(files: readonly FileMatches[], most: number): readonly FileMatches[] {
  const kept: FileMatches[] = [];
  let left = most;
  for (const { path, lines } of files) {
    if (left <= 0) break;
    kept.push({ path, lines: lines.slice(0, left) });
    left -= Math.max(1, lines.length);
  }
  return kept;
}

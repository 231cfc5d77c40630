import type { ToolItem } from "@skein/react";
import { languageOfPath } from "../../highlight/language-name.ts";
import { fileText } from "../../text/tool-output.ts";
import { filePath } from "../../text/tool-summary.ts";
import { visibleText } from "../../text/visible-text.ts";
import { NumberedCode } from "../numbered-code.tsx";
import styles from "../tool-body.module.css";
import { Output } from "./output.tsx";

/** What was read of a file, coloured by its name. */
export function ReadBody({ item }: { readonly item: ToolItem }) {
  const language = languageOfPath(filePath(item.input));
  const { offset } = item.input;
  return (
    <Output item={item}>
      {(output) => {
        const { first, text, rest } = fileText(output);
        const from = first === 1 && typeof offset === "number" && offset > 0 ? offset : first;
        return (
          <>
            <NumberedCode text={visibleText(text)} first={from} language={language} />
            {rest !== "" && <p className={styles["quiet"]}>{visibleText(rest.slice(0, 2_000))}</p>}
          </>
        );
      }}
    </Output>
  );
}

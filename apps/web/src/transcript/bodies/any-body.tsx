import type { ToolItem } from "@skein/react";
import { prettyJson } from "../../text/tool-output.ts";
import { visibleText } from "../../text/visible-text.ts";
import { AnsiText } from "../ansi-text.tsx";
import { CodeBlock } from "../code-block.tsx";
import styles from "../tool-body.module.css";
import { Output } from "./output.tsx";

/** A tool that we do not know, such as one of an MCP server: what it was given, and what it gave. */
export function AnyBody({ item }: { readonly item: ToolItem }) {
  const fields = Object.entries(item.input);
  const simple = fields.length <= 12 && fields.every(([, value]) => isShort(value));
  return (
    <>
      {fields.length > 0 && simple && (
        <dl className={styles["fields"]}>
          {fields.map(([name, value]) => (
            <div key={name}>
              <dt>{visibleText(name.slice(0, 80))}</dt>
              <dd>{visibleText(typeof value === "string" ? value : JSON.stringify(value))}</dd>
            </div>
          ))}
        </dl>
      )}
      {fields.length > 0 && !simple && (
        <CodeBlock text={visibleText(JSON.stringify(item.input, null, 2))} wrap lines={12} language="json" />
      )}
      {item.liveInput !== undefined && <CodeBlock text={visibleText(item.liveInput)} wrap lines={8} />}
      <Output item={item}>
        {(output) => {
          const json = prettyJson(output);
          if (json !== undefined) return <CodeBlock text={visibleText(json)} language="json" />;
          return <CodeBlock text={output.replace(/\n+$/, "")} wrap render={(shown) => <AnsiText text={shown} />} />;
        }}
      </Output>
    </>
  );
}

function isShort(value: unknown): boolean {
  if (typeof value === "string") return value.length <= 300;
  return (
    value === null || typeof value === "number" || typeof value === "boolean" || JSON.stringify(value).length <= 120
  );
}

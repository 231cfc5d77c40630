import { useState } from "react";
import { CodeBlock } from "../transcript/code-block.tsx";
import { count } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import type { FoldedCollection } from "./event-log.ts";
import styles from "./explorer.module.css";

const SHOWN = 100;

export function Collections({ collections }: { readonly collections: readonly FoldedCollection[] }) {
  return (
    <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Rows">
      {collections.map((collection) => (
        <Collection key={collection.type} {...collection} />
      ))}
    </div>
  );
}

function Collection({ type, rows }: FoldedCollection) {
  const [all, setAll] = useState(false);
  // The newest are what one looks for.
  const shown = all ? rows : rows.slice(-SHOWN);
  return (
    <section className={styles["collection"]}>
      <h3>
        <code>{oneLine(type, 120)}</code> {count(rows.length, "row")}
      </h3>
      {shown.length < rows.length && (
        <Button look="quiet" onClick={() => setAll(true)}>
          Show {rows.length - shown.length} older
        </Button>
      )}
      {shown.map(({ key, value }) => (
        <details key={key} className={styles["row"]}>
          <summary>
            <code>{oneLine(key, 120)}</code>
            <span className={styles["value"]}>{oneLine(JSON.stringify(value) ?? "", 160)}</span>
          </summary>
          <CodeBlock text={JSON.stringify(value, null, 2) ?? "undefined"} language="json" wrap />
        </details>
      ))}
    </section>
  );
}

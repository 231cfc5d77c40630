import type { TranscriptItem } from "@skein/react";
import { useState } from "react";
import { clockTime, personName } from "../text/format.ts";
import { clip, visibleText } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { useNow } from "../ui/use-now.ts";
import { Attachments } from "./attachment.tsx";
import styles from "./item.module.css";

type PromptItem = Extract<TranscriptItem, { kind: "prompt" }>;

const LINES = 16;

export function Prompt({ item }: { readonly item: PromptItem }) {
  const now = useNow();
  const [all, setAll] = useState(false);
  const { text, hidden } = clip(item.text, all ? 2000 : LINES, all ? 400_000 : 3_000);
  return (
    <div className={styles["bubble"]}>
      <div className={styles["meta"]}>
        <strong>{item.actor === undefined ? "You" : personName(item.actor)}</strong>
        {item.ts > 0 && <time dateTime={new Date(item.ts).toISOString()}>{clockTime(item.ts, now)}</time>}
      </div>
      <div className={styles["text"]}>{visibleText(text)}</div>
      {text.length < item.text.length && !all && (
        <Button look="quiet" onClick={() => setAll(true)}>
          Show all{hidden > 0 ? ` (${hidden} more lines)` : ""}
        </Button>
      )}
      <Attachments attachments={item.attachments} />
    </div>
  );
}

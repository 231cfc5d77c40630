import type { TranscriptItem } from "@skein/react";
import { useState } from "react";
import { bytes, clockTime, personName } from "../text/format.ts";
import { clip, oneLine, visibleText } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./item.module.css";

type PromptItem = Extract<TranscriptItem, { kind: "prompt" }>;
type Attachment = NonNullable<PromptItem["attachments"]>[number];

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
      {item.attachments !== undefined && item.attachments.length > 0 && (
        <div className={styles["attachments"]}>
          {item.attachments.map((attachment, index) => (
            <AttachmentView key={index} attachment={attachment} />
          ))}
        </div>
      )}
    </div>
  );
}

/** Pictures that are part of the row itself are shown; nothing is fetched, and vector graphics are not pictures here. */
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

function AttachmentView({ attachment }: { readonly attachment: Attachment }) {
  const { kind, mime, name, data, blob } = attachment;
  const label = oneLine(name ?? (kind === "image" ? "Image" : "File"), 80);
  if (kind === "image" && data !== undefined && PICTURE.test(mime) && BASE64.test(data)) {
    return <img src={`data:${mime};base64,${data}`} alt={label} />;
  }
  const size = blob === undefined ? "" : ` · ${bytes(blob.size)}`;
  return (
    <span className={styles["chip"]}>
      {label} ({oneLine(mime, 40)}
      {size})
    </span>
  );
}

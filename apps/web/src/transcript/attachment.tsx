import { type TranscriptItem, useBlob } from "@skein/react";
import { useEffect } from "react";
import { bytes } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import styles from "./item.module.css";
import { useTranscript } from "./transcript-context.ts";

type PromptItem = Extract<TranscriptItem, { kind: "prompt" }>;
type Attachment = NonNullable<PromptItem["attachments"]>[number];

/** Vector graphics are not pictures here: they are documents. */
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** A picture up to this size is fetched when it comes into view, a larger one when somebody asks. */
const FETCHED_AT_ONCE = 2 * 1024 * 1024;

export function Attachments({ attachments }: { readonly attachments: readonly Attachment[] | undefined }) {
  if (attachments === undefined || attachments.length === 0) return null;
  return (
    <div className={styles["attachments"]}>
      {attachments.map((attachment, index) => (
        <AttachmentView key={index} attachment={attachment} />
      ))}
    </div>
  );
}

function AttachmentView({ attachment }: { readonly attachment: Attachment }) {
  const { kind, mime, name, data, blob } = attachment;
  const label = oneLine(name ?? (kind === "image" ? "Image" : "File"), 80);
  const isPicture = kind === "image" && PICTURE.test(mime);
  if (isPicture && data !== undefined && BASE64.test(data)) {
    return <img src={`data:${mime};base64,${data}`} alt={label} />;
  }
  if (isPicture && blob !== undefined) return <Picture blob={{ ...blob, mime }} label={label} />;
  const size = attachment.size ?? blob?.size;
  return (
    <span className={styles["chip"]}>
      {label} ({oneLine(mime, 40)}
      {size === undefined ? "" : ` · ${bytes(size)}`})
    </span>
  );
}

function Picture({ blob, label }: { readonly blob: NonNullable<Attachment["blob"]>; readonly label: string }) {
  const { session } = useTranscript();
  const { view, load } = useBlob(session, blob);
  const small = blob.size <= FETCHED_AT_ONCE;
  useEffect(() => {
    if (small) load();
  }, [small, load]);
  switch (view.kind) {
    case "loaded":
      return <img src={view.url} alt={label} />;
    case "none":
      return (
        <Button look="quiet" onClick={load}>
          Show {label} ({bytes(blob.size)})
        </Button>
      );
    case "loading":
      return <span className={styles["chip"]}>{label} …</span>;
    case "failed":
      return (
        <span className={styles["chip"]} title={view.message}>
          {label} ({bytes(blob.size)}) is not here
        </span>
      );
  }
}

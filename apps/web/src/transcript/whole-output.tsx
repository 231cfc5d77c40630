import { useBlob } from "@skein/react";
import type { ReactNode } from "react";
import { bytes } from "../text/format.ts";
import { Button } from "../ui/button.tsx";
import styles from "./tool-body.module.css";
import { useTranscript } from "./transcript-context.ts";

export interface WholeOutputProps {
  readonly blob: { readonly sha256: string; readonly size: number; readonly mime?: string | undefined };
  /** Shows the ends of it, or all once it is here. */
  readonly children: (whole: string | undefined) => ReactNode;
}

/** An output of which the row has only the ends: the rest is fetched when somebody asks for it. */
export function WholeOutput({ blob, children }: WholeOutputProps) {
  const { session } = useTranscript();
  const { view, load } = useBlob(session, { sha256: blob.sha256, size: blob.size, mime: blob.mime ?? "text/plain" });
  if (view.kind === "loaded") {
    return (
      <>
        {children(view.text)}
        <p className={styles["quiet"]}>
          <a href={view.url} download="output.txt">
            Save all {bytes(blob.size)}
          </a>
        </p>
      </>
    );
  }
  return (
    <>
      {children(undefined)}
      <Button look="quiet" onClick={load} disabled={view.kind === "loading"}>
        {view.kind === "loading" ? "Loading…" : `Show all ${bytes(blob.size)}`}
      </Button>
      {view.kind === "failed" && (
        <p className={styles["quiet"]} role="alert">
          The rest is not here: {view.message}
        </p>
      )}
    </>
  );
}

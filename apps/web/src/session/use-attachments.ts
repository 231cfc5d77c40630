import { useUpload } from "@skein/react";
import type { PromptAttachment } from "@skein/sessions";
import { useCallback, useEffect, useRef, useState } from "react";
import { failureText } from "../ui/failure.ts";

/** A file that goes with the next prompt: it is sent at once, and named by the prompt afterwards. */
export interface Attached {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  /** An object URL of a picture. */
  readonly picture: string | undefined;
  readonly state:
    | { readonly kind: "uploading" }
    | { readonly kind: "ready"; readonly attachment: PromptAttachment }
    | { readonly kind: "failed"; readonly message: string };
}

export const MOST_FILES = 20;
const MOST_BYTES = 16 * 1024 * 1024;
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

export function useAttachments(sessionId: string) {
  const upload = useUpload(sessionId);
  const [files, setFiles] = useState<readonly Attached[]>([]);
  const ids = useRef(0);
  const gone = useRef(new Map<number, () => void>());
  useEffect(
    () => () => {
      for (const leave of gone.current.values()) leave();
      gone.current.clear();
    },
    [],
  );
  const settle = useCallback((id: number, state: Attached["state"]) => {
    setFiles((before) => before.map((file) => (file.id === id ? { ...file, state } : file)));
  }, []);
  const add = (list: readonly File[]): void => {
    for (const file of list.slice(0, MOST_FILES - files.length)) {
      const id = ++ids.current;
      const leaving = new AbortController();
      const picture = PICTURE.test(file.type) ? URL.createObjectURL(file) : undefined;
      gone.current.set(id, () => {
        leaving.abort();
        if (picture !== undefined) URL.revokeObjectURL(picture);
      });
      const { name, size } = file;
      const tooLarge = { kind: "failed" as const, message: "Larger than 16 MB" };
      const state = size > MOST_BYTES ? tooLarge : { kind: "uploading" as const };
      setFiles((before) => [...before, { id, name, size, picture, state }]);
      if (size > MOST_BYTES) continue;
      upload(file, leaving.signal).then(
        (attachment) => settle(id, { kind: "ready", attachment }),
        (error: unknown) => settle(id, { kind: "failed", message: failureText(error) }),
      );
    }
  };
  const remove = (id: number): void => {
    gone.current.get(id)?.();
    gone.current.delete(id);
    setFiles((before) => before.filter((file) => file.id !== id));
  };
  /** What the prompt names. The list is empty afterwards. */
  const take = (): readonly PromptAttachment[] => {
    const ready = files.flatMap(({ state }) => (state.kind === "ready" ? [state.attachment] : []));
    for (const { id } of files) remove(id);
    return ready;
  };
  return { files, add, remove, take, waiting: files.some(({ state }) => state.kind !== "ready") };
}

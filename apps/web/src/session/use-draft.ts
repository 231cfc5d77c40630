import { useSkein } from "@skein/react";
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 300;

/** What has been typed and not sent, per session; it is there again after a reload. */
export function useDraft(sessionId: string): readonly [string, (text: string) => void] {
  const { storage, after } = useSkein().environment;
  const name = `skein:draft:${sessionId}`;
  const [text, setText] = useState(() => storage.get(name) ?? "");
  const pending = useRef<() => void>(undefined);
  const cancel = useRef<() => void>(undefined);
  const change = (next: string): void => {
    setText(next);
    cancel.current?.();
    const save = (): void => {
      pending.current = undefined;
      storage.set(name, next === "" ? undefined : next);
    };
    pending.current = save;
    // What is sent must not come back as a draft.
    if (next === "") save();
    else cancel.current = after(PAUSE_MS, save);
  };
  useEffect(() => {
    const flush = (): void => {
      cancel.current?.();
      pending.current?.();
    };
    addEventListener("pagehide", flush);
    return () => {
      removeEventListener("pagehide", flush);
      flush();
    };
  }, []);
  return [text, change];
}

import { type BlobRef, sessionBlob } from "@skein/sessions";
import { useCallback, useEffect, useRef, useState } from "react";
import { useSkein } from "./provider.tsx";

/** The whole of something that a row only refers to, while it is fetched and after. */
export type BlobView =
  | { readonly kind: "none" }
  | { readonly kind: "loading" }
  /** `url` is an object URL of the bytes, for pictures and saving; it holds until the component leaves. */
  | { readonly kind: "loaded"; readonly text: string | undefined; readonly url: string }
  | { readonly kind: "failed"; readonly message: string };

/** What a row says is data: only a hash is ever put into a path. */
const SHA256 = /^[0-9a-f]{64}$/;

/** Fetches nothing until it is asked to. Text is read only when the reference says that it is text. */
export function useBlob(sessionId: string, ref: BlobRef | undefined): { view: BlobView; load: () => void } {
  const { client } = useSkein();
  const [view, setView] = useState<BlobView>({ kind: "none" });
  const leaving = useRef<AbortController>(undefined);
  const sha256 = ref?.sha256;
  const mime = ref?.mime ?? "";
  useEffect(() => {
    const controller = new AbortController();
    leaving.current = controller;
    return () => controller.abort();
  }, [client, sessionId, sha256]);
  const load = useCallback(() => {
    const signal = leaving.current?.signal;
    if (sha256 !== undefined && !SHA256.test(sha256))
      return setView({ kind: "failed", message: "It has no valid name." });
    if (sha256 === undefined || signal === undefined || signal.aborted) return;
    setView({ kind: "loading" });
    const fetchBlob = async (): Promise<BlobView> => {
      const response = await client.transport.request("GET", sessionBlob(sessionId, sha256), { signal });
      const blob = await response.blob();
      const text = mime.startsWith("text/") ? await blob.text() : undefined;
      signal.throwIfAborted();
      const url = URL.createObjectURL(blob);
      signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
      return { kind: "loaded", text, url };
    };
    fetchBlob().then(
      (loaded) => setView(loaded),
      (error: unknown) => {
        if (!signal.aborted) setView({ kind: "failed", message: error instanceof Error ? error.message : "unknown" });
      },
    );
  }, [client, sessionId, sha256, mime]);
  return { view, load };
}

import { sessionBlob, sha256, type PromptAttachment } from "@skein/sessions";
import { useCallback } from "react";
import { useSkein } from "./provider.tsx";

/** What the server takes of one file, bytes. */
export const MAX_UPLOAD = 16 * 1024 * 1024;

/**
 * Sends a file to the session, to be named by a prompt afterwards. The same file again is there already and costs
 * nothing. Rejects with a `SkeinError`.
 */
export function useUpload(sessionId: string): (file: File, signal: AbortSignal) => Promise<PromptAttachment> {
  const { client } = useSkein();
  return useCallback(
    async (file, signal) => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const hash = await hashOf(bytes);
      const mime = mimeOf(file.type);
      await client.transport.request("PUT", sessionBlob(sessionId, hash), {
        bytes: { type: mime, content: bytes },
        signal,
      });
      const name = nameOf(file.name);
      return name === undefined ? { sha256: hash, mime } : { sha256: hash, mime, name };
    },
    [client, sessionId],
  );
}

/** `crypto.subtle` is missing where the page came over plain HTTP from another machine. */
async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (crypto.subtle === undefined) return sha256(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Without parameters, in the form that the coder takes. */
export function mimeOf(type: string): string {
  const [plain = ""] = type.toLowerCase().split(";");
  return /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/.test(plain.trim())
    ? plain.trim()
    : "application/octet-stream";
}

/** The file's name without folders and what cannot be shown; nothing when there is no name left. */
export function nameOf(name: string): string | undefined {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const shown = last.replace(/\p{Cc}/gu, "").slice(-128);
  return shown === "" || shown === "." || shown === ".." ? undefined : shown;
}

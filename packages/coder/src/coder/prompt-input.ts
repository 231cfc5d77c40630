import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SkeinError } from "@skein/protocol";
import { sessionBlob } from "@skein/sessions";
import type { Attachment, PromptAttachment } from "@skein/sessions";
import type { DriverAttachment } from "../driver.ts";

/** Fetches what was uploaded for a session. `undefined`: it is not there. The path is the blob's. */
export type ReadBlob = (path: string) => Promise<Uint8Array | undefined>;

/** The files that go with prompts, brought to this machine for as long as it runs. */
export interface AttachmentFiles {
  fetch(sessionId: string, attachments: readonly PromptAttachment[]): Promise<DriverAttachment[]>;
  close(): Promise<void>;
}

export function createAttachmentFiles(readBlob: ReadBlob | undefined): AttachmentFiles {
  let folder: Promise<string> | undefined;

  async function one(sessionId: string, { sha256, mime, name = sha256.slice(0, 12) }: PromptAttachment) {
    const bytes = await readBlob?.(sessionBlob(sessionId, sha256));
    if (bytes === undefined) {
      throw new SkeinError(
        "not_found",
        `“${name}” was not uploaded to this session. Upload it and send the prompt again.`,
      );
    }
    // Nobody else can look into it, or have put something there before us.
    folder ??= mkdtemp(join(tmpdir(), "skein-attachments-"));
    const place = join(await folder, createHash("sha256").update(sessionId).digest("hex").slice(0, 16), sha256);
    await mkdir(place, { recursive: true, mode: 0o700 });
    const path = join(place, name);
    await writeFile(path, bytes, { mode: 0o600 });
    return { mime, name, path, bytes };
  }

  return {
    fetch: (sessionId, attachments) => Promise.all(attachments.map((attachment) => one(sessionId, attachment))),
    async close() {
      if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
    },
  };
}

/** What a prompt's row says of them: by reference, however small. */
export function shownAttachments(
  attachments: readonly PromptAttachment[],
  fetched: readonly DriverAttachment[] | undefined,
): Attachment[] {
  return attachments.map(({ sha256, mime, name }, index) => {
    const size = fetched?.[index]?.bytes.length;
    return {
      kind: mime.startsWith("image/") ? "image" : "file",
      mime,
      ...(name === undefined ? {} : { name }),
      ...(size === undefined ? {} : { size, blob: { sha256, size, mime } }),
    };
  });
}

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { createTransport } from "@skein/runtime/client";
import { promptAttachment, sessionBlob, type PromptAttachment } from "@skein/sessions";
import { usageError } from "../failure.ts";
import type { Address } from "../connect/find-server.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".json": "application/json",
  ".pdf": "application/pdf",
  ".md": "text/markdown",
  ".csv": "text/csv",
  ".html": "text/html",
};
const TEXT = /^\.(?:txt|log|ts|tsx|js|jsx|mjs|py|rs|go|java|c|h|cc|cpp|rb|sh|sql|toml|yaml|yml|xml|css|diff|patch)$/;

/** What a file is, by its name: agents are told, and look for themselves. */
export function mimeOf(path: string): string {
  const extension = extname(path).toLowerCase();
  return TYPES[extension] ?? (TEXT.test(extension) ? "text/plain" : "application/octet-stream");
}

/** Sends files to a session, for the prompt that names them. */
export async function attachFiles(
  paths: readonly string[],
  { session, address, cwd }: { readonly session: string; readonly address: Address; readonly cwd: string },
): Promise<PromptAttachment[]> {
  const transport = createTransport({ baseUrl: address.url, token: address.token });
  const sent: PromptAttachment[] = [];
  for (const path of paths) {
    const content = await readFile(resolve(cwd, path)).catch((cause: unknown) => {
      throw usageError(`${path} cannot be read: ${cause instanceof Error ? cause.message : "it is no file"}.`);
    });
    const sha256 = createHash("sha256").update(content).digest("hex");
    const attachment = promptAttachment.safeParse({ sha256, mime: mimeOf(path), name: basename(path) });
    if (!attachment.success) throw usageError(`${path} has a name that cannot be sent along. Rename it.`);
    const bytes = { type: attachment.data.mime, content };
    await transport.request("PUT", sessionBlob(session, sha256), { bytes });
    sent.push(attachment.data);
  }
  return sent;
}

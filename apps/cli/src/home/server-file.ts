import { rm } from "node:fs/promises";
import { z } from "zod";
import { readIfThere, writePrivate } from "./private-file.ts";

/**
 * `server.json` in the home: the running server's address and token, written when it is ready and removed when it
 * stops. After a crash it stays behind, so it is believed only as long as its process lives.
 */
export const serverFile = z.object({
  url: z.string(),
  token: z.string(),
  pid: z.number().int().positive(),
  startedAt: z.number(),
});
export type ServerFile = z.infer<typeof serverFile>;

export type Running =
  | { readonly kind: "running"; readonly server: ServerFile }
  /** Its process is gone: a crash, or a reboot. */
  | { readonly kind: "stale"; readonly pid: number }
  | { readonly kind: "none" };

export async function readServerFile(path: string, isAlive: (pid: number) => boolean): Promise<Running> {
  const text = await readIfThere(path);
  if (text === undefined) return { kind: "none" };
  const parsed = serverFile.safeParse(parseJson(text));
  if (!parsed.success) return { kind: "none" };
  if (!isAlive(parsed.data.pid)) return { kind: "stale", pid: parsed.data.pid };
  return { kind: "running", server: parsed.data };
}

export async function writeServerFile(path: string, server: ServerFile): Promise<void> {
  await writePrivate(path, `${JSON.stringify(server)}\n`);
}

/** Removes the file if it is still ours: another server may have started on the home since. */
export async function removeServerFile(path: string, pid: number): Promise<void> {
  const found = await readServerFile(path, () => true);
  if (found.kind === "running" && found.server.pid === pid) await rm(path, { force: true });
}

/** Whether a process with this id lives, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

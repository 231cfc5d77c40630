import type { SendResult } from "@skein/protocol";
import { useMemo } from "react";
import type { QueuedPrompt } from "./coder-state.ts";
import { useSkein } from "./provider.tsx";

export type PermissionDecision = "allow" | "allow_session" | "deny";

/** What a person does to a coder. Each resolves when the server has it for good, and rejects with a `SkeinError`. */
export interface CoderActions {
  readonly interrupt: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly answerPermission: (requestId: string, decision: PermissionDecision, message?: string) => Promise<SendResult>;
  readonly answerQuestion: (requestId: string, answers: Record<string, string>) => Promise<SendResult>;
  /** Prompts that wait, by their keys. Rejects with `conflict` when it is too late. */
  readonly cancelQueued: (key: string) => Promise<void>;
  readonly editQueued: (prompt: QueuedPrompt, text: string) => Promise<void>;
  readonly moveQueued: (key: string, to: { readonly before: string } | { readonly after: string }) => Promise<void>;
}

/** @param coderUrl the coder's URL, as in `session.coder`; actions before it is known reject */
export function useCoder(coderUrl: string | undefined): CoderActions {
  const { client, environment } = useSkein();
  return useMemo(() => {
    const url = async (): Promise<string> => {
      if (coderUrl === undefined) throw new Error("the session is still being opened");
      return coderUrl;
    };
    const send = async (type: string, payload: unknown, idempotencyKey: string): Promise<SendResult> =>
      client.send(await url(), { type, payload, idempotencyKey });
    return {
      async interrupt() {
        await client.signal(await url(), "interrupt");
      },
      async kill() {
        await client.kill(await url());
      },
      answerPermission: (requestId, decision, message) => {
        const payload = message === undefined ? { requestId, decision } : { requestId, decision, message };
        return send("permission_response", payload, `permission:${requestId}:${environment.newId()}`);
      },
      answerQuestion: (requestId, answers) =>
        send("answer", { requestId, answers }, `answer:${requestId}:${environment.newId()}`),
      cancelQueued: async (key) => client.removeMessage(await url(), key),
      async editQueued({ key, attachments }, text) {
        const payload = attachments.length === 0 ? { text } : { text, attachments };
        await client.editMessage(await url(), key, { payload });
      },
      async moveQueued(key, to) {
        await client.editMessage(await url(), key, to);
      },
    };
  }, [client, environment, coderUrl]);
}

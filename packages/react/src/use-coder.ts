import type { SendResult } from "@skein/protocol";
import { useMemo } from "react";
import { useSkein } from "./provider.tsx";

export type PermissionDecision = "allow" | "allow_session" | "deny";

/** What a person does to a coder. Each resolves when the server has it for good, and rejects with a `SkeinError`. */
export interface CoderActions {
  readonly interrupt: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly answerPermission: (requestId: string, decision: PermissionDecision, message?: string) => Promise<SendResult>;
  readonly answerQuestion: (requestId: string, answers: Record<string, string>) => Promise<SendResult>;
  readonly cancelQueued: (key: string) => Promise<SendResult>;
  readonly editQueued: (key: string, text: string) => Promise<SendResult>;
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
      cancelQueued: (key) => send("cancel_prompt", { key }, `cancel:${key}`),
      editQueued: (key, text) => send("edit_prompt", { key, text }, `edit:${key}:${environment.newId()}`),
    };
  }, [client, environment, coderUrl]);
}

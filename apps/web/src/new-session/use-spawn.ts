import { codingSessionResourceId, CODER_RESOURCE_TAG, type coderArgs } from "@skein/sessions";
import { useSkein } from "@skein/react";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import type { z } from "zod";

export type SpawnCoder = (args: z.input<typeof coderArgs>, firstPrompt?: string) => Promise<void>;

/** Makes a coder with its session and goes there. Trying again after a lost answer makes no second one. */
export function useSpawn(): SpawnCoder {
  const { client, environment } = useSkein();
  const navigate = useNavigate();
  const last = useRef<{ readonly request: string; readonly id: string }>(undefined);
  return async (args, firstPrompt) => {
    const request = JSON.stringify([args, firstPrompt]);
    const id = last.current?.request === request ? last.current.id : environment.newId();
    last.current = { request, id };
    const prompt = { type: "prompt", payload: { text: firstPrompt }, idempotencyKey: `first:${id}` };
    await client.spawn("coder", id, {
      args,
      // The list shows the session at once, as starting, by this.
      tags: { [CODER_RESOURCE_TAG]: codingSessionResourceId(id) },
      ...(firstPrompt === undefined ? {} : { initialMessage: prompt }),
    });
    await navigate({ to: "/s/$sessionId", params: { sessionId: id } });
  };
}

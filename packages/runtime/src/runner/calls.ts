import type { Call, CallResult } from "@skein/protocol";
import { forkedFrom, SkeinError } from "@skein/protocol";
import { z } from "zod";
import type { Registry } from "../registry.ts";

/** Answers a question that the server relays. Its params come from anybody with the token: parse them. May be async. */
export type CallHandler = (params: unknown, options: { readonly signal: AbortSignal }) => unknown;
export type CallHandlers = Readonly<Record<string, CallHandler>>;

const admitParams = z.object({
  type: z.string(),
  id: z.string(),
  args: z.unknown(),
  forkedFrom: forkedFrom.optional(),
});

/** The built-in `admit` first: whether an entity may be made here. */
export async function answerCall(
  call: Call,
  options: { readonly handlers: CallHandlers; readonly registry: Registry; readonly signal: AbortSignal },
): Promise<CallResult> {
  const { handlers, registry, signal } = options;
  try {
    if (call.method === "admit") {
      await admit(registry, call.params);
      return { result: null };
    }
    const handler = Object.hasOwn(handlers, call.method) ? handlers[call.method] : undefined;
    if (!handler) throw new SkeinError("call_failed", `This runner does not know “${call.method}”.`);
    return { result: (await handler(call.params, { signal })) ?? null };
  } catch (error) {
    if (error instanceof SkeinError) return error.toWire();
    const message = error instanceof Error ? error.message : String(error);
    return { error: { code: "call_failed", message } };
  }
}

async function admit(registry: Registry, params: unknown): Promise<void> {
  const parsed = admitParams.safeParse(params);
  if (!parsed.success) throw new SkeinError("invalid_request", "admit: the parameters are not of the expected form.");
  const { type, id, args, forkedFrom: origin } = parsed.data;
  const registered = registry.get(type);
  if (!registered) throw new SkeinError("unknown_entity_type", `This runner does not serve the type “${type}”.`);
  await registered.admit({ id, args, forkedFrom: origin });
}

import { z } from "zod";

/** What the app server says of a thread, as far as we need it. Anything else is noise, and new kinds are tolerated. */
const delta = z.looseObject({ turnId: z.string(), itemId: z.string(), delta: z.string() });
const item = z.looseObject({ turnId: z.string(), item: z.looseObject({ type: z.string(), id: z.string() }) });
const turnError = z.looseObject({
  message: z.string(),
  codexErrorInfo: z.unknown().optional(),
  additionalDetails: z.string().nullish().catch(undefined),
});
const turn = z.looseObject({
  turn: z.looseObject({
    id: z.string(),
    status: z.string(),
    error: turnError.nullish().catch(undefined),
    durationMs: z.number().nullish().catch(undefined),
  }),
});
const failure = z.looseObject({ error: turnError, willRetry: z.boolean().catch(false), turnId: z.string() });
const partAdded = z.looseObject({ turnId: z.string(), itemId: z.string(), summaryIndex: z.number() });

export type TurnError = z.infer<typeof turnError>;

const KINDS = {
  "turn/started": turn,
  "turn/completed": turn,
  "item/started": item,
  "item/agentMessage/delta": delta,
  "item/reasoning/summaryTextDelta": delta,
  "item/reasoning/summaryPartAdded": partAdded,
  "item/commandExecution/outputDelta": delta,
  error: failure,
} as const;
type Kinds = typeof KINDS;

export type Notification = {
  [K in keyof Kinds]: { readonly method: K; readonly params: z.infer<Kinds[K]> };
}[keyof Kinds];

export function readNotification(method: string, params: unknown): Notification | undefined {
  switch (method) {
    case "turn/started":
    case "turn/completed":
      return read(method, turn, params);
    case "item/started":
      return read(method, item, params);
    case "item/agentMessage/delta":
    case "item/reasoning/summaryTextDelta":
    case "item/commandExecution/outputDelta":
      return read(method, delta, params);
    case "item/reasoning/summaryPartAdded":
      return read(method, partAdded, params);
    case "error":
      return read(method, failure, params);
    default:
      return undefined;
  }
}

function read<M extends string, S extends z.ZodType>(
  method: M,
  schema: S,
  params: unknown,
): { method: M; params: z.infer<S> } | undefined {
  const parsed = schema.safeParse(params);
  return parsed.success ? { method, params: parsed.data } : undefined;
}

/** The answer to `thread/start` and `thread/resume`. */
export const openedThread = z.looseObject({
  thread: z.looseObject({
    id: z.string().min(1).max(200),
    path: z.string().nullish(),
    cliVersion: z.string().optional().catch(undefined),
  }),
  model: z.string().optional().catch(undefined),
});
export const startedTurn = z.looseObject({ turn: z.looseObject({ id: z.string() }) });
export const account = z.looseObject({ account: z.unknown().optional(), requiresOpenaiAuth: z.boolean() });

import { z } from "zod";

/** What an agent answers, as far as we need it. */
export const initialized = z.looseObject({
  protocolVersion: z.number(),
  agentInfo: z.looseObject({ name: z.string(), version: z.string().optional() }).nullish().catch(undefined),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().optional().catch(undefined),
      promptCapabilities: z.looseObject({ image: z.boolean().optional() }).optional().catch(undefined),
      sessionCapabilities: z
        .looseObject({ resume: z.looseObject({}).nullish() })
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
  authMethods: z
    .array(z.looseObject({ id: z.string(), name: z.string(), description: z.string().nullish() }))
    .optional()
    .catch(undefined),
});
export type Initialized = z.infer<typeof initialized>;

const option = z.looseObject({
  id: z.string(),
  category: z.string().nullish().catch(undefined),
  currentValue: z.unknown(),
});
/** The answer to `session/new`, `session/load` and `session/resume`. */
export const opened = z.looseObject({
  sessionId: z.string().min(1).max(200).optional(),
  modes: z
    .looseObject({ currentModeId: z.string(), availableModes: z.array(z.looseObject({ id: z.string() })) })
    .nullish()
    .catch(undefined),
  configOptions: z.array(option).nullish().catch(undefined),
});
export type Opened = z.infer<typeof opened>;

export const updateParams = z.looseObject({ sessionId: z.string(), update: z.unknown() });

export const permissionParams = z.looseObject({
  sessionId: z.string(),
  toolCall: z.unknown(),
  options: z.array(z.looseObject({ optionId: z.string(), name: z.string().catch(""), kind: z.string() })).max(100),
});
export type PermissionParams = z.infer<typeof permissionParams>;

const choice = z.looseObject({ const: z.string(), title: z.string().optional(), description: z.string().nullish() });
const field = z.looseObject({
  type: z.string().optional(),
  title: z.string().nullish(),
  description: z.string().nullish(),
  enum: z.array(z.string()).optional(),
  oneOf: z.array(choice).optional(),
  items: z.looseObject({ enum: z.array(z.string()).optional(), anyOf: z.array(choice).optional() }).optional(),
});
export type FormField = z.infer<typeof field>;
export const formParams = z.looseObject({
  mode: z.literal("form"),
  message: z.string(),
  toolCallId: z.string().nullish().catch(undefined),
  requestedSchema: z.looseObject({
    properties: z.record(z.string(), field).optional().default({}),
    required: z.array(z.string()).nullish().catch(undefined),
  }),
});
export type FormParams = z.infer<typeof formParams>;

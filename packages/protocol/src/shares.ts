import { z } from "zod";
import { sessionStatus } from "./sessions.ts";

/**
 * Share links: whoever has one may read one coding session, and nothing else, until it ends or is taken back.
 */

/** `GET /_skein/shares?session=` and in the answer of `POST`. Times are milliseconds since 1970. */
export const share = z.object({
  id: z.string(),
  session: z.string(),
  /** For whoever made it, such as whom it is for. */
  label: z.string().optional(),
  createdBy: z.string(),
  createdAt: z.number(),
  /** Absent: until it is taken back. */
  expiresAt: z.number().optional(),
});
export type Share = z.infer<typeof share>;
export const shareList = z.object({ shares: z.array(share) });

/** `POST /_skein/shares`. `expiresInMs`: a week if it is absent, for ever if it is `null`. */
export const shareRequest = z.strictObject({
  session: z.string().min(1).max(128),
  label: z.string().max(200).optional(),
  expiresInMs: z
    .number()
    .int()
    .min(60_000)
    .max(366 * 24 * 60 * 60_000)
    .nullable()
    .optional(),
});
export type ShareRequest = z.input<typeof shareRequest>;

/** The only answer that has the token: only its hash is kept. */
export const shareCreated = z.object({ share, token: z.string() });
export type ShareCreated = z.infer<typeof shareCreated>;

/** What a guest is told of the session beside its streams: `GET /_skein/shares/self`, with the share's token. */
export const sharedSession = z.object({
  session: z.object({
    id: z.string(),
    title: z.string(),
    agent: z.string(),
    model: z.string().optional(),
    status: sessionStatus,
    statusSince: z.number(),
    createdAt: z.number(),
    turns: z.number(),
  }),
  expiresAt: z.number().optional(),
});
export type SharedSession = z.infer<typeof sharedSession>;

/** Tokens of shares look like this, so that they are never taken for the server's. */
export const SHARE_TOKEN = /^skein_share_([A-Za-z0-9.~-]{1,64})_([A-Za-z0-9_-]{1,128})$/;

/** The app's page for a guest. */
export function sharePath(token: string): string {
  return `/share/${token}`;
}

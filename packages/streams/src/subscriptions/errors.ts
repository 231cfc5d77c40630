/**
 * What the protocol of subscriptions refuses, by its own names, and the one table of their statuses.
 */
export const REFUSAL_STATUS = {
  INVALID_REQUEST: 400,
  WEBHOOK_URL_REJECTED: 400,
  TOKEN_INVALID: 401,
  FORBIDDEN: 403,
  SUBSCRIPTION_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  SUBSCRIPTION_ALREADY_EXISTS: 409,
  FENCED: 409,
  ALREADY_CLAIMED: 409,
  NO_PENDING_WORK: 409,
  INVALID_OFFSET: 409,
  CONFLICT: 409,
  TOO_LARGE: 413,
} as const;

export type RefusalCode = keyof typeof REFUSAL_STATUS;

export interface Refusal {
  readonly kind: "refused";
  readonly code: RefusalCode;
  readonly message: string;
  /** Further fields of the error on the wire. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export type Outcome<T> = { readonly kind: "done"; readonly value: T } | Refusal;

export function refusal(code: RefusalCode, message: string, more?: Readonly<Record<string, unknown>>): Refusal {
  return { kind: "refused", code, message, ...(more && { more }) };
}

export function done<T>(value: T): Outcome<T> {
  return { kind: "done", value };
}

export function noSubscription(id: string): Refusal {
  return refusal("SUBSCRIPTION_NOT_FOUND", `There is no subscription ${id}.`);
}

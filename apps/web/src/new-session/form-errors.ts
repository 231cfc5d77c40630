import { SkeinError, type ErrorCode } from "@skein/protocol";
import { failureText } from "../ui/failure.ts";

/** At which field of the form a refusal belongs; `form` where it concerns the whole. Pure. */
export type FieldName = "agent" | "directory" | "model" | "form";

const FIELD: Readonly<Partial<Record<ErrorCode, FieldName>>> = {
  directory_not_found: "directory",
  directory_not_allowed: "directory",
  agent_not_installed: "agent",
  agent_not_signed_in: "agent",
};

export interface FieldError {
  readonly field: FieldName;
  readonly message: string;
}

export function fieldError(error: unknown): FieldError {
  const message = failureText(error);
  if (!(error instanceof SkeinError)) return { field: "form", message };
  const field = FIELD[error.code];
  if (field !== undefined) return { field, message };
  // The arguments' schema names what it refused.
  if (error.code === "schema_validation_failed") {
    const details = `${message} ${JSON.stringify(error.details ?? "")}`;
    if (/\bmodel\b/.test(details)) return { field: "model", message: "This is not a model name." };
    if (/\bcwd\b/.test(details)) return { field: "directory", message };
  }
  return { field: "form", message };
}

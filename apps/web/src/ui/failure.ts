import { SkeinError } from "@skein/protocol";

/** What to tell a person about a request that failed. */
export function failureText(error: unknown): string {
  if (error instanceof SkeinError && error.code === "unavailable") {
    return "The server cannot be reached. Nothing was changed.";
  }
  return error instanceof Error ? error.message : String(error);
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof SkeinError && (error.code === "unauthorized" || error.code === "forbidden");
}

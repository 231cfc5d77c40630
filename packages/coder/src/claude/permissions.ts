import type { ClaudePermissionResult, ClaudePermissionUpdate } from "./sdk.ts";
import type { DriverResponse } from "../driver.ts";

/** A person's answer in the words of the SDK. */
export interface PermissionAsk {
  readonly input: Record<string, unknown>;
  readonly suggestions: readonly ClaudePermissionUpdate[];
}

export function permissionResult(ask: PermissionAsk, response: DriverResponse): ClaudePermissionResult {
  if (response.kind === "answer") {
    return { behavior: "allow", updatedInput: { ...ask.input, answers: response.answers } };
  }
  switch (response.decision) {
    case "allow":
      return { behavior: "allow", updatedInput: response.updatedInput ?? ask.input };
    case "allow_session":
      return {
        behavior: "allow",
        updatedInput: response.updatedInput ?? ask.input,
        updatedPermissions: forThisSession(ask.suggestions),
      };
    case "deny":
      return { behavior: "deny", message: response.message ?? "The person watching the session said no." };
  }
}

/**
 * The agent suggests to write rules into the repository or the person's settings: they are kept in the session's
 * memory instead. A suggestion may widen the session no further than accepting edits, and that only where there is no
 * narrower one.
 */
export function forThisSession(suggestions: readonly ClaudePermissionUpdate[]): ClaudePermissionUpdate[] {
  const narrow = suggestions.filter(({ type }) => type === "addRules" || type === "addDirectories");
  const modes = suggestions.filter((one) => one.type === "setMode" && one.mode === "acceptEdits");
  return (narrow.length > 0 ? narrow : modes).map((one) => ({ ...one, destination: "session" as const }));
}

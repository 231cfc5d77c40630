import type { AskedCall } from "@skein/sessions";
import type { PermissionMode } from "@skein/sessions";
import type { DriverResponse, DriverRow } from "../driver.ts";
import type { PermissionParams } from "./messages.ts";

/**
 * Leave to use a tool. What is allowed for the session is remembered here and told the agent once each time: its own
 * "always" may be written to a repository or to somebody's settings.
 */
export type Decision = Extract<DriverResponse, { kind: "permission" }>["decision"];
type Options = PermissionParams["options"];
type Outcome = { readonly outcome: "cancelled" } | { readonly outcome: "selected"; readonly optionId: string };

export const CANCELLED: Outcome = { outcome: "cancelled" };

/** What a mode answers by itself. */
export function answeredBy(mode: PermissionMode, { kind }: AskedCall, options: Options): Outcome | undefined {
  const goesThrough = mode === "bypass" || (mode === "accept-edits" && kind === "edit");
  // Leaving the agent's own plan mode is a person's decision, as is every choice between several ways to go on.
  if (!goesThrough || kind === "switch_mode") return undefined;
  const allowed = optionFor("allow", options);
  return allowed === undefined ? undefined : { outcome: "selected", optionId: allowed };
}

export function outcomeFor(response: DriverResponse, options: Options): Outcome {
  if (response.kind !== "permission") return CANCELLED;
  // The protocol has no way to run a call with another input than the agent's.
  const decision = response.updatedInput === undefined ? response.decision : "deny";
  const optionId = optionFor(decision, options);
  return optionId === undefined ? CANCELLED : { outcome: "selected", optionId };
}

function optionFor(decision: Decision, options: Options): string | undefined {
  const kinds = decision === "deny" ? ["reject_once", "reject_always"] : ["allow_once", "allow_always"];
  return kinds.map((kind) => options.find((option) => option.kind === kind)?.optionId).find((id) => id !== undefined);
}

/** What "this, for the session" means: the same tool with the same input; for an edit, of the same files. */
export function sessionKey({ originalTool, kind, input, title }: AskedCall): string {
  const what = kind === "edit" && Array.isArray(input["paths"]) ? input["paths"] : [input, title];
  return JSON.stringify([originalTool, kind, what]);
}

export function permissionRow(
  call: AskedCall,
  { requestId, now }: { readonly requestId: string; readonly now: number },
): DriverRow {
  const { callId, tool, originalTool, input, title } = call;
  const payload = {
    v: 1,
    type: "permission_request",
    requestId,
    callId,
    tool,
    originalTool,
    input,
    canAllowSession: true,
    ...(title === "" ? {} : { title: title.slice(0, 1000) }),
  } as const;
  return { key: `permission:${requestId}`, ts: now, type: payload.type, callId, payload };
}

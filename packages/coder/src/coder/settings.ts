import type { InboxRow } from "@skein/protocol";
import { coderInbox } from "@skein/sessions";
import type { PermissionMode } from "@skein/sessions";
import type { AgentTraits } from "../adapter.ts";
import type { DriverRow, DriverSettings } from "../driver.ts";
import { promptIdOf } from "./state.ts";
import type { CoderContext, CoderPass } from "./state.ts";

/** How the session goes on: what the coder was made with, and what was changed since. */
export function settingsOf(ctx: CoderContext): DriverSettings {
  const changed = ctx.state.settings.get("current");
  const { permissionMode, model } = ctx.args;
  return { permissionMode: changed?.permissionMode ?? permissionMode, model: changed?.model ?? model };
}

type Change = { readonly permissionMode: PermissionMode } | { readonly model: string };

/** What a message changes; `undefined` when it is none of these. */
function changeIn({ type, payload }: InboxRow): Change | undefined {
  if (type === "set_mode") return coderInbox.set_mode.safeParse(payload).data;
  return type === "set_model" ? coderInbox.set_model.safeParse(payload).data : undefined;
}

export function isSetting({ type }: InboxRow): boolean {
  return type === "set_mode" || type === "set_model";
}

/**
 * Takes a change of mode or model over, with a row that says who made it, once: the row is what tells that it was.
 * Written with the next flush. False when there was nothing to do.
 */
export function applySetting(
  pass: CoderPass,
  message: InboxRow,
  { traits, now }: { readonly traits: AgentTraits; readonly now: number },
): boolean {
  const change = changeIn(message);
  if (change === undefined) return false;
  const head = { key: `${promptIdOf(pass.ctx, message.key)}:setting`, ts: now, actor: message.from };
  if (pass.session.collections.transcript.has(head.key)) return false;
  if ("permissionMode" in change && !traits.modes.includes(change.permissionMode)) {
    const text = `${traits.name} has no mode “${change.permissionMode}”.`;
    const payload = { v: 1, type: "error", code: "invalid_request", message: text } as const;
    pass.session.collections.transcript.insert({ ...head, type: payload.type, payload });
    return true;
  }
  put(pass, change, head);
  return true;
}

/** The agent was let out of its plan mode: it asks from now on. */
export function leavePlanMode(
  pass: CoderPass,
  { key, ...head }: Pick<DriverRow, "key" | "ts"> & { actor: string },
): void {
  if (settingsOf(pass.ctx).permissionMode !== "plan") return;
  put(pass, { permissionMode: "ask" }, { key: `${key}:setting`, ...head });
}

function put(
  { ctx, session }: CoderPass,
  change: Change,
  head: { readonly key: string; readonly ts: number; readonly actor: string },
): void {
  const before = ctx.state.settings.get("current");
  ctx.state.settings.upsert({ ...before, key: "current", ...change });
  const { sessionInfo, transcript } = session.collections;
  if (sessionInfo.has("current")) sessionInfo.update("current", (info) => ({ ...info, ...change }));
  const [kind, text] =
    "model" in change
      ? (["model", `Model: ${change.model}`] as const)
      : (["mode", `Mode: ${change.permissionMode}`] as const);
  transcript.insert({ ...head, type: "notice", payload: { v: 1, type: "notice", kind, text } });
}

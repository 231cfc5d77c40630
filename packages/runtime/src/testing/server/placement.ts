import type { DispatchPolicy, RunnerLabels } from "@skein/protocol";
import type { FakeRunner, FakeState } from "./state.ts";

/** Who may work on what. */

const OFFLINE_MS = 30_000;

export function isOnline({ clock }: FakeState, { lastSeenAt }: FakeRunner): boolean {
  return clock.now() - lastSeenAt < OFFLINE_MS;
}

function fits(runner: FakeRunner, { runner: pinned, labels = {} }: DispatchPolicy): boolean {
  if (pinned !== undefined && pinned !== runner.id) return false;
  return Object.entries(labels).every(([name, value]) => has(runner.labels, name, value));
}

function has(labels: RunnerLabels, name: string, value: string): boolean {
  const said = Object.hasOwn(labels, name) ? labels[name] : undefined;
  return Array.isArray(said) ? said.includes(value) : said === value;
}

/** Whether a runner may work on entities of a type with this policy; one that moves, when none that fits is online. */
export function mayTake(
  state: FakeState,
  runner: FakeRunner,
  { type, dispatch }: { readonly type: string; readonly dispatch?: DispatchPolicy | undefined },
): boolean {
  if (!runner.types.includes(type)) return false;
  if (dispatch === undefined || fits(runner, dispatch)) return true;
  if (dispatch.whenGone === "wait") return false;
  const others = [...state.runners.values()].filter((other) => isOnline(state, other));
  return !others.some((other) => other.types.includes(type) && fits(other, dispatch));
}

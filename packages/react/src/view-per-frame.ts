import type { Environment } from "./environment.ts";
import { createExternal, type External } from "./external.ts";
import { sessionView, type SessionParts, type SessionView } from "./session-view.ts";

export interface ViewPerFrame {
  readonly view: External<SessionView>;
  readonly change: (next: Partial<SessionParts>) => void;
  readonly parts: () => SessionParts;
}

/** However many batches arrive, the view is made at most once per frame. */
export function createSessionView(environment: Environment, initial: SessionParts): ViewPerFrame {
  let parts = initial;
  let painting = false;
  const view = createExternal<SessionView>(sessionView(parts, undefined));
  const change = (next: Partial<SessionParts>): void => {
    parts = { ...parts, ...next };
    if (painting) return;
    painting = true;
    environment.beforePaint(() => {
      painting = false;
      view.set(sessionView(parts, view.get()));
    });
  };
  return { view, change, parts: () => parts };
}

import { Window } from "happy-dom";
import { createElement, StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { SkeinProvider, type SkeinProviderProps } from "../provider.tsx";

/** A page with one component in it, in StrictMode, as an app has it. */
export interface Rendered {
  /** What it shows. */
  readonly text: () => string;
  readonly show: (children: ReactNode) => void;
  readonly unmount: () => void;
}

export function render(connection: Omit<SkeinProviderProps, "children">, children: ReactNode): Rendered {
  const page = new Window();
  const { document } = page;
  // All that React wants of a browser; the requests stay Node's.
  Object.assign(globalThis, { window: page, document, HTMLIFrameElement: page.HTMLIFrameElement });
  const container = document.body.appendChild(document.createElement("div"));
  const root = createRoot(container as unknown as Element);
  const show = (content: ReactNode): void =>
    root.render(createElement(StrictMode, null, createElement(SkeinProvider, { ...connection, children: content })));
  show(children);
  return { text: () => container.textContent, show, unmount: () => root.unmount() };
}

import { useCommands } from "../palette/commands.tsx";
import type { Command } from "../palette/matches.ts";
import { copyText } from "../ui/copy-text.ts";
import { VIEW_NAMES, VIEWS, type View } from "../viewers/views.ts";

export interface SessionCommands {
  readonly running: boolean;
  readonly view: View | undefined;
  readonly onView: (view: View | undefined) => void;
  readonly onStop: () => void;
  readonly onFork: () => void;
}

/** What the palette offers for the session that is open. */
export function useSessionCommands({ running, view, onView, onStop, onFork }: SessionCommands): void {
  const one = (id: string, title: string, run: () => void, more: Partial<Command> = {}): Command => ({
    id: `session:${id}`,
    group: "This session",
    title,
    run,
    ...more,
  });
  useCommands([
    ...(running ? [one("stop", "Stop the turn", onStop, { hint: "Esc", words: "interrupt cancel" })] : []),
    one("fork", "Fork this session…", onFork, { words: "branch copy" }),
    ...VIEWS.filter((other) => other !== view).map((other) =>
      one(`view:${other}`, `Show ${VIEW_NAMES[other].toLowerCase()}`, () => onView(other), { words: "viewer panel" }),
    ),
    ...(view === undefined ? [] : [one("view:none", "Hide the viewers", () => onView(undefined))]),
    one("link", "Copy link to this session", () => {
      // Where copying is not allowed, the address bar has it.
      copyText(location.origin + location.pathname).catch(() => undefined);
    }),
  ]);
}

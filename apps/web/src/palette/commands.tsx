import { createContext, use, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Command } from "./matches.ts";

/** What stands over the page. */
export type Over = "palette" | "shortcuts" | "push";

interface Commands {
  /** Those of the page that is open, read when the palette opens. */
  readonly current: () => readonly Command[];
  readonly add: (commands: () => readonly Command[]) => () => void;
  readonly open: Over | undefined;
  readonly show: (what: Over | undefined) => void;
}

const CommandsContext = createContext<Commands | undefined>(undefined);

export function CommandsProvider({ children }: { readonly children: ReactNode }) {
  const sources = useRef(new Set<() => readonly Command[]>());
  const [open, show] = useState<Commands["open"]>();
  const value = useMemo(
    (): Commands => ({
      current: () => [...sources.current].flatMap((source) => source()),
      add(source) {
        sources.current.add(source);
        return () => sources.current.delete(source);
      },
      open,
      show,
    }),
    [open],
  );
  return <CommandsContext value={value}>{children}</CommandsContext>;
}

export function usePalette(): Commands {
  const commands = use(CommandsContext);
  if (commands === undefined) throw new Error("this needs a <CommandsProvider> above it");
  return commands;
}

/** Offers a page's commands in the palette while the page is there. */
export function useCommands(commands: readonly Command[]): void {
  const { add } = usePalette();
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  useEffect(() => add(() => latest.current), [add]);
}

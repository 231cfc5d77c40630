import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import type { View } from "../viewers/views.ts";

/** The row that is pointed out, and what the panel shows: both are in the page's address. */
export interface Target {
  readonly row: string;
  readonly position: number | undefined;
  /** Another number each time somebody asks for it. */
  readonly jump: number;
}

/** Below this the panel is a screen of its own, and leaves when a row is to be seen. */
const NARROW = "(max-width: 899px)";

export function useTarget(row: string | undefined, at: number | undefined) {
  const navigate = useNavigate({ from: "/s/$sessionId" });
  const [target, setTarget] = useState<Target | undefined>(() => targetOf(row, at, 0));
  useEffect(() => {
    // A link to another row of this session, or the way back.
    setTarget((before) =>
      before?.row === row && before?.position === at ? before : targetOf(row, at, (before?.jump ?? 0) + 1),
    );
  }, [row, at]);
  const goTo = useCallback(
    (next: string, position: number) => {
      setTarget((before) => targetOf(next, position, (before?.jump ?? 0) + 1));
      const narrow = matchMedia(NARROW).matches;
      void navigate({
        search: ({ view }) => ({ view: narrow ? undefined : view, row: next, at: position }),
        replace: true,
      });
    },
    [navigate],
  );
  const setView = useCallback(
    (view: View | undefined) => void navigate({ search: (before) => ({ ...before, view }), replace: true }),
    [navigate],
  );
  return { target, goTo, setView };
}

function targetOf(row: string | undefined, position: number | undefined, jump: number): Target | undefined {
  return row === undefined ? undefined : { row, position, jump };
}

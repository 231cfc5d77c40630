import { useEffect, useState, type RefObject } from "react";

/** It must stand still for this many frames, and is not waited for longer than that. */
const STILL_FRAMES = 2;
const MOST_FRAMES = 60;
const NEAR_END = 2;
const TAKEN = ["wheel", "touchstart", "pointerdown", "keydown"] as const;

/**
 * Whether the transcript stands where it was opened: at its end, or at the row that a link names (`wanted`, its index,
 * below zero for the end). Rows get their real sizes while it goes there; nothing may be added in front until then.
 */
export function useOpened(
  scroll: RefObject<HTMLElement | null>,
  ready: boolean,
  wanted: number,
  go: () => void,
): boolean {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const element = scroll.current;
    if (!ready || element === null) return;
    let frame = 0;
    // Whoever takes hold of it meanwhile decides where it stands.
    const taken = (): void => {
      cancelAnimationFrame(frame);
      setOpened(true);
    };
    for (const event of TAKEN) element.addEventListener(event, taken, { once: true, passive: true });
    const step = (left: number, still: number): void => {
      const there = isThere(element, wanted);
      if (left === 0 || (there && still >= STILL_FRAMES)) return setOpened(true);
      if (!there) go();
      frame = requestAnimationFrame(() => step(left - 1, there ? still + 1 : 0));
    };
    step(MOST_FRAMES, 0);
    return () => {
      cancelAnimationFrame(frame);
      for (const event of TAKEN) element.removeEventListener(event, taken);
    };
    // Once: afterwards the reader decides what is in view.
  }, [ready]);
  return opened;
}

function isThere(element: HTMLElement, wanted: number): boolean {
  const left = element.scrollHeight - element.scrollTop - element.clientHeight;
  if (wanted < 0) return left <= NEAR_END;
  const row = element.querySelector(`[data-index="${wanted}"]`)?.getBoundingClientRect();
  const view = element.getBoundingClientRect();
  return row !== undefined && row.bottom > view.top && row.top < view.bottom;
}

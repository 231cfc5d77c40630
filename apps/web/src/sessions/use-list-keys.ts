import { useEffect, useRef, type RefObject } from "react";

export interface ListKeys {
  readonly filter: RefObject<HTMLInputElement | null>;
  readonly list: RefObject<HTMLUListElement | null>;
}

/** `j` and `k` move through the rows, `/` filters, `n` makes a new one, `Escape` leaves the filter. Enter is the link's. */
export function useListKeys(onNew: () => void): ListKeys {
  const filter = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const move = (by: number): void => {
      const rows = [...(list.current?.querySelectorAll<HTMLElement>(":scope > li > a") ?? [])];
      const at = rows.findIndex((row) => row === document.activeElement);
      const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === "Escape" && document.activeElement === filter.current) {
        event.preventDefault(); // The browser would clear it.
        return filter.current?.blur();
      }
      if (isTyping(event.target)) return;
      if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else if (event.key === "/") filter.current?.focus();
      else if (event.key === "n") onNew();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onNew]);
  return { filter, list };
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
  );
}

import { lazy, Suspense, useEffect } from "react";
import { isTyping } from "../sessions/use-list-keys.ts";
import { usePalette } from "./commands.tsx";

const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));
const Shortcuts = lazy(async () => ({ default: (await import("./shortcuts.tsx")).Shortcuts }));

const Push = lazy(async () => ({ default: (await import("../push/push-dialog.tsx")).PushDialog }));
const OVER = { palette: Palette, shortcuts: Shortcuts, push: Push };

/** Opens the palette (`Ctrl K`, `⌘ K`) and the list of shortcuts (`?`) over any page. They are loaded when wanted. */
export function PaletteHost() {
  const { open, show } = usePalette();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        show("palette");
      } else if (event.key === "?" && !event.metaKey && !event.ctrlKey && !isTyping(event.target)) {
        event.preventDefault();
        show("shortcuts");
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [show]);
  if (open === undefined) return null;
  const Opened = OVER[open];
  return (
    <Suspense>
      <Opened onClose={() => show(undefined)} />
    </Suspense>
  );
}

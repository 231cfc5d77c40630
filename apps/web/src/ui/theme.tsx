import { useSyncExternalStore } from "react";
import { IconButton } from "./button.tsx";
import type { IconName } from "./icon.tsx";

type Theme = "system" | "light" | "dark";
const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const ICON: Readonly<Record<Theme, IconName>> = { system: "system", light: "sun", dark: "moon" };
const KEY = "skein:theme"; // public/theme.js reads it before the first paint
const CHANGED = "skein-theme";

export function ThemeToggle() {
  const theme = useSyncExternalStore(onThemeChange, readTheme);
  return <IconButton icon={ICON[theme]} label={`Theme: ${theme}`} onClick={turnTheme} />;
}

/** System, light, dark, and round again. */
export function turnTheme(): void {
  applyTheme(NEXT[readTheme()]);
  document.dispatchEvent(new Event(CHANGED));
}

function onThemeChange(listener: () => void): () => void {
  document.addEventListener(CHANGED, listener);
  return () => document.removeEventListener(CHANGED, listener);
}

function readTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : "system";
}

function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is forbidden: the choice lasts as long as the page.
  }
}

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePalette } from "../palette/commands.tsx";
import { IconButton } from "../ui/button.tsx";
import { ConnectionIndicator } from "../ui/connection.tsx";
import { ThemeToggle } from "../ui/theme.tsx";
import styles from "./top-bar.module.css";

export function TopBar({ children }: { readonly children?: ReactNode }) {
  const { show } = usePalette();
  return (
    <header className={styles["bar"]}>
      <Link to="/" className={styles["brand"]}>
        <img src="/favicon.svg" alt="" />
        Skein
      </Link>
      <span className={styles["space"]} />
      <ConnectionIndicator />
      <IconButton icon="search" label="Find a session or a command (Ctrl K)" onClick={() => show("palette")} />
      <IconButton icon="bell" label="Messages of this browser" onClick={() => show("push")} />
      <ThemeToggle />
      {children}
    </header>
  );
}

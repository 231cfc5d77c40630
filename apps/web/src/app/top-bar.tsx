import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ConnectionIndicator } from "../ui/connection.tsx";
import { ThemeToggle } from "../ui/theme.tsx";
import styles from "./top-bar.module.css";

export function TopBar({ children }: { readonly children?: ReactNode }) {
  return (
    <header className={styles["bar"]}>
      <Link to="/" className={styles["brand"]}>
        <img src="/favicon.svg" alt="" />
        Skein
      </Link>
      <span className={styles["space"]} />
      <ConnectionIndicator />
      <ThemeToggle />
      {children}
    </header>
  );
}

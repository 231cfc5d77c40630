import type { ReactNode } from "react";
import styles from "./notice.module.css";

export interface NoticeProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

/** What stands where there is nothing else: empty, missing, failed, signed out. */
export function Notice({ title, children, actions }: NoticeProps) {
  return (
    <div className={styles["notice"]}>
      <h2>{title}</h2>
      {children}
      {actions !== undefined && <div className={styles["actions"]}>{actions}</div>}
    </div>
  );
}

export function SignedOut() {
  return (
    <Notice title="You are not signed in">
      <p>
        This server only answers those who have its link. Open the link that <code>npm start</code> (or{" "}
        <code>skein start</code>) printed in its terminal: it signs this browser in and brings you back here.
      </p>
    </Notice>
  );
}

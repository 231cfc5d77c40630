import { useConnection, type Connection } from "@skein/react";
import { clockTime } from "../text/format.ts";
import styles from "./connection.module.css";
import { useNow } from "./use-now.ts";

/** `brief`: on a phone the words are only there when something is wrong.
 *  Says honestly how fresh the page is. Changes are announced; the live state is calm. */
export function ConnectionIndicator({ brief = false }: { readonly brief?: boolean }) {
  const connection = useConnection();
  const now = useNow();
  return (
    <span
      className={`${styles["connection"]} ${styles[connection.kind] ?? ""} ${brief ? styles["brief"] : ""}`}
      role="status"
      data-connection={connection.kind}
    >
      <span className={styles["mark"]} />
      <span className={styles["words"]}>{words(connection, now)}</span>
    </span>
  );
}

function words(connection: Connection, now: number): string {
  switch (connection.kind) {
    case "connecting":
      return "Connecting";
    case "live":
      return "Live";
    case "catching-up":
      return "Catching up";
    case "offline":
      return `Offline since ${clockTime(connection.since, now)}`;
    case "denied":
      return "Signed out";
  }
}

import { DialogFrame } from "../ui/dialog-frame.tsx";
import styles from "./palette.module.css";

interface Shortcut {
  /** One after the other, or together. */
  readonly keys: readonly string[];
  readonly does: string;
}

const SHORTCUTS: readonly { readonly place: string; readonly shortcuts: readonly Shortcut[] }[] = [
  {
    place: "Everywhere",
    shortcuts: [
      { keys: ["Ctrl", "K"], does: "Find a session or a command (⌘ K on a Mac)" },
      { keys: ["?"], does: "This list" },
      { keys: ["Esc"], does: "Close what is open" },
    ],
  },
  {
    place: "In the list of sessions",
    shortcuts: [
      { keys: ["j"], does: "Next session" },
      { keys: ["k"], does: "Session before" },
      { keys: ["Enter"], does: "Open it" },
      { keys: ["/"], does: "Filter" },
      { keys: ["n"], does: "New session" },
    ],
  },
  {
    place: "In a session",
    shortcuts: [
      { keys: ["Enter"], does: "Send the prompt" },
      { keys: ["Shift", "Enter"], does: "New line" },
      { keys: ["↑"], does: "Prompts that were sent, when nothing is written" },
      { keys: ["Esc"], does: "Stop the turn" },
    ],
  },
];

export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  return (
    <DialogFrame title="Keyboard shortcuts" onClose={onClose}>
      {SHORTCUTS.map(({ place, shortcuts }) => (
        <section key={place}>
          <h3 className={styles["place"]}>{place}</h3>
          <dl className={styles["keys"]}>
            {shortcuts.map(({ keys, does }) => (
              <div key={does} style={{ display: "contents" }}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </DialogFrame>
  );
}

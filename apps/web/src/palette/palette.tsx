import { Dialog } from "@base-ui/react/dialog";
import type { Session } from "@skein/protocol";
import { useSessions } from "@skein/react";
import { useNavigate } from "@tanstack/react-router";
import { useId, useRef, useState, type KeyboardEvent } from "react";
import { agentName, shortPath } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import dialog from "../ui/dialog.module.css";
import { Icon } from "../ui/icon.tsx";
import { turnTheme } from "../ui/theme.tsx";
import { usePalette } from "./commands.tsx";
import { matchCommands, type Command } from "./matches.ts";
import styles from "./palette.module.css";

/** Everything that one can go to or do, found by words, run with Enter. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const found = matchCommands(useAllCommands(), text);
  const active = Math.min(at, found.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const to = nextPlace(event.key, active, found.length);
    if (to !== undefined) {
      setAt(to);
      list.current?.children[to]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") run(found[active]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={dialog["backdrop"]} />
        <Dialog.Popup className={styles["popup"]} aria-label="Commands">
          <div className={styles["field"]}>
            <Icon name="search" />
            <input
              role="combobox"
              aria-label="Find a session or a command"
              aria-expanded="true"
              aria-controls={id}
              aria-activedescendant={found.length > 0 ? `${id}-${active}` : undefined}
              placeholder="Find a session or a command"
              autoComplete="off"
              spellCheck={false}
              value={text}
              onKeyDown={onKey}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
            />
          </div>
          <ul className={styles["list"]} id={id} role="listbox" aria-label="Commands" ref={list}>
            {found.map((command, index) => (
              <li
                key={command.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === active}
                className={styles["option"]}
                onPointerMove={() => setAt(index)}
                onClick={() => run(command)}
              >
                <span className={styles["title"]}>{command.title}</span>
                <span className={styles["hint"]}>{command.hint ?? command.group}</span>
              </li>
            ))}
          </ul>
          {found.length === 0 && (
            <p className={styles["none"]} role="status">
              Nothing is called that.
            </p>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function nextPlace(key: string, active: number, count: number): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case "ArrowDown":
      return (active + 1) % count;
    case "ArrowUp":
      return (active - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

function useAllCommands(): readonly Command[] {
  const { sessions } = useSessions();
  const navigate = useNavigate();
  const { current, show } = usePalette();
  const go = (to: "/" | "/new", how?: "create" | "attach" | "import") => (): void => {
    if (to === "/") void navigate({ to });
    else void navigate({ to, ...(how && { search: { how } }) });
  };
  const app: readonly Command[] = [
    { id: "new", group: "Go to", title: "New session", words: "create start", run: go("/new", "create") },
    { id: "attach", group: "Go to", title: "Attach a session of this machine", run: go("/new", "attach") },
    { id: "import", group: "Go to", title: "Import a session into another agent", run: go("/new", "import") },
    { id: "list", group: "Go to", title: "All sessions", words: "list home", run: go("/") },
    {
      id: "explorer",
      group: "Go to",
      title: "Explorer",
      words: "stream events collections debug",
      run: () => void navigate({ to: "/x/$", params: { _splat: "" } }),
    },
    { id: "theme", group: "App", title: "Change theme", words: "dark light system", run: turnTheme },
    {
      id: "push",
      group: "App",
      title: "Messages of this browser",
      words: "notifications push",
      run: () => show("push"),
    },
    { id: "keys", group: "App", title: "Keyboard shortcuts", hint: "?", run: () => show("shortcuts") },
  ];
  const open = (session: Session): Command => ({
    id: `session:${session.id}`,
    group: "Sessions",
    title: oneLine(session.title, 120) || "Untitled session",
    hint: `${agentName(session.agent)} · ${shortPath(oneLine(session.cwd, 300), 30)}`,
    words: `${session.id} ${session.status}`,
    run: () => void navigate({ to: "/s/$sessionId", params: { sessionId: session.id } }),
  });
  return [...current(), ...sessions.map(open), ...app];
}

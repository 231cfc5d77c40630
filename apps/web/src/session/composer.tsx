import { useRef, type KeyboardEvent } from "react";
import { IconButton } from "../ui/button.tsx";
import styles from "./composer.module.css";
import { moveHistory, startHistory, type PromptHistory } from "./prompt-history.ts";
import { useDraft } from "./use-draft.ts";

export interface ComposerProps {
  readonly sessionId: string;
  readonly running: boolean;
  /** Prompts of this session, oldest first. */
  readonly prompts: readonly string[];
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

/** The server's limit, in characters of one byte; what is longer is refused there with a reason. */
const MOST_CHARS = 256 * 1024;

export function Composer({ sessionId, running, prompts, onSend, onStop }: ComposerProps) {
  const [text, setText] = useDraft(sessionId);
  const history = useRef<PromptHistory>(undefined);
  const send = (): void => {
    if (text.trim() === "") return;
    history.current = undefined;
    onSend(text);
    setText("");
  };
  const recall = (area: HTMLTextAreaElement, by: 1 | -1): boolean => {
    const edge =
      by === 1 ? area.value.lastIndexOf("\n", area.selectionStart - 1) : area.value.indexOf("\n", area.selectionEnd);
    if (edge !== -1 || area.selectionStart !== area.selectionEnd) return false;
    const moved = moveHistory(history.current ?? startHistory(prompts, text), by);
    if (moved === undefined) return false;
    history.current = moved.history;
    setText(moved.text);
    return true;
  };
  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // While an input method composes, Enter takes its suggestion.
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !isTouch()) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && running) {
      event.preventDefault();
      onStop();
    } else if (event.key === "ArrowUp" && recall(event.currentTarget, 1)) event.preventDefault();
    else if (event.key === "ArrowDown" && history.current !== undefined && recall(event.currentTarget, -1)) {
      event.preventDefault();
    }
  };
  return (
    <>
      <form
        className={styles["box"]}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          className={styles["area"]}
          rows={1}
          aria-label="Prompt"
          placeholder={running ? "Queue a prompt" : "Ask, or say what to do"}
          value={text}
          maxLength={MOST_CHARS}
          enterKeyHint="enter"
          onChange={(event) => {
            history.current = undefined;
            setText(event.target.value);
          }}
          onKeyDown={onKey}
        />
        <IconButton
          icon="up"
          label={running ? "Queue" : "Send"}
          look="primary"
          type="submit"
          className={styles["send"]}
          disabled={text.trim() === ""}
        />
      </form>
      <p className={styles["hint"]}>
        <span>Enter sends · Shift+Enter makes a new line · ↑ brings back a prompt</span>
        {running && <span>Esc stops the turn</span>}
      </p>
    </>
  );
}

/** On a phone Enter makes a new line, as in every other app there; the button sends. */
function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

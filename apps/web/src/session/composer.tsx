import type { OutgoingPrompt } from "@skein/react";
import { useRef, type KeyboardEvent } from "react";
import { Button, IconButton } from "../ui/button.tsx";
import { AttachmentList } from "./attachment-list.tsx";
import styles from "./composer.module.css";
import { moveHistory, startHistory, type PromptHistory } from "./prompt-history.ts";
import { MOST_FILES, useAttachments } from "./use-attachments.ts";
import { useDraft } from "./use-draft.ts";

export interface ComposerProps {
  readonly sessionId: string;
  readonly running: boolean;
  /** The agent takes words while it works. */
  readonly steers: boolean;
  /** Prompts of this session, oldest first. */
  readonly prompts: readonly string[];
  readonly onSend: (prompt: OutgoingPrompt) => void;
  readonly onStop: () => void;
}

/** The server's limit, in characters of one byte; what is longer is refused there with a reason. */
const MOST_CHARS = 256 * 1024;

export function Composer({ sessionId, running, steers, prompts, onSend, onStop }: ComposerProps) {
  const [text, setText] = useDraft(sessionId);
  const { files, add, remove, take, waiting } = useAttachments(sessionId);
  const picker = useRef<HTMLInputElement>(null);
  const history = useRef<PromptHistory>(undefined);
  const empty = text.trim() === "" || waiting;
  const send = (type: OutgoingPrompt["type"] = "prompt"): void => {
    if (empty) return;
    history.current = undefined;
    onSend({ text, type, attachments: take() });
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
      send(running && steers && (event.ctrlKey || event.metaKey) ? "steer" : "prompt");
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
        onPaste={(event) => {
          const pasted = [...event.clipboardData.files];
          if (pasted.length === 0) return; // Text goes where it always goes.
          event.preventDefault();
          add(pasted);
        }}
        onDragOver={(event) => {
          if (event.dataTransfer.types.includes("Files")) event.preventDefault();
        }}
        onDrop={(event) => {
          event.preventDefault();
          add([...event.dataTransfer.files]);
        }}
      >
        <AttachmentList files={files} onRemove={remove} />
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
        <span className={styles["buttons"]}>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Files"
            onChange={(event) => {
              add([...(event.target.files ?? [])]);
              event.target.value = ""; // The same file may be chosen again.
            }}
          />
          <IconButton
            icon="attach"
            label="Attach files"
            className={styles["send"]}
            disabled={files.length >= MOST_FILES}
            onClick={() => picker.current?.click()}
          />
          {running && steers && (
            <Button className={styles["steer"]} disabled={empty} onClick={() => send("steer")}>
              Steer
            </Button>
          )}
          <IconButton
            icon="up"
            label={running ? "Queue" : "Send"}
            look="primary"
            type="submit"
            className={styles["send"]}
            disabled={empty}
          />
        </span>
      </form>
      <p className={styles["hint"]}>
        <span>Enter sends · Shift+Enter makes a new line · ↑ brings back a prompt</span>
        {running && <span>{steers ? "Ctrl+Enter steers the turn · " : ""}Esc stops it</span>}
      </p>
    </>
  );
}

/** On a phone Enter makes a new line, as in every other app there; the button sends. */
function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

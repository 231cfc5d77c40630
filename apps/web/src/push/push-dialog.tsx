import type { PushWants } from "@skein/protocol";
import dialog from "../ui/dialog.module.css";
import { DialogFrame } from "../ui/dialog-frame.tsx";
import styles from "./push-dialog.module.css";
import { usePush } from "./use-push.ts";

/** Whether this browser is told of sessions while no page of them is open. */
export function PushDialog({ onClose }: { readonly onClose: () => void }) {
  const { state, failure, want } = usePush();
  return (
    <DialogFrame title="Messages of this browser" onClose={onClose}>
      <p className={dialog["text"]}>
        Skein can tell you while no page of it is open. The text is encrypted for this browser: its push service carries
        it and cannot read it.
      </p>
      {state.kind === "impossible" && (
        <p role="status" className={styles["reason"]}>
          {state.reason}
        </p>
      )}
      {state.kind === "ready" && <Choices wants={state.wants} want={want} />}
      {failure !== undefined && (
        <p role="alert" className={dialog["failure"]}>
          {failure}
        </p>
      )}
    </DialogFrame>
  );
}

function Choices({ wants, want }: { readonly wants: PushWants; readonly want: (wants: PushWants) => void }) {
  return (
    <fieldset className={styles["choices"]}>
      <legend>Tell me when a session</legend>
      <label>
        <input
          type="checkbox"
          checked={wants.needs}
          onChange={(event) => want({ ...wants, needs: event.target.checked })}
        />
        waits for me: a permission, a question, a failed turn
      </label>
      <label>
        <input
          type="checkbox"
          checked={wants.finished}
          onChange={(event) => want({ ...wants, finished: event.target.checked })}
        />
        has finished a turn
      </label>
    </fieldset>
  );
}

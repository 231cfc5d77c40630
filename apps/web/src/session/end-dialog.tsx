import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useState } from "react";
import { Button } from "../ui/button.tsx";
import dialog from "../ui/dialog.module.css";
import { failureText } from "../ui/failure.ts";

export interface EndDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onEnd: () => Promise<void>;
}

export function EndDialog({ open, onClose, onEnd }: EndDialogProps) {
  const [failure, setFailure] = useState<string>();
  const [ending, setEnding] = useState(false);
  const end = (): void => {
    setEnding(true);
    setFailure(undefined);
    onEnd()
      .then(onClose, (error: unknown) => setFailure(failureText(error)))
      .finally(() => setEnding(false));
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={dialog["backdrop"]} />
        <AlertDialog.Popup className={dialog["popup"]}>
          <AlertDialog.Title className={dialog["title"]}>End this session?</AlertDialog.Title>
          <AlertDialog.Description className={dialog["text"]}>
            The agent stops and takes no more prompts. Everything it did stays readable here.
          </AlertDialog.Description>
          {failure !== undefined && (
            <p role="alert" className={dialog["failure"]}>
              {failure}
            </p>
          )}
          <div className={dialog["actions"]}>
            <AlertDialog.Close render={<Button>Keep it</Button>} />
            <Button look="danger" onClick={end} disabled={ending}>
              End session
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

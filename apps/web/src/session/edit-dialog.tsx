import { Dialog } from "@base-ui/react/dialog";
import { useState } from "react";
import { Button } from "../ui/button.tsx";
import dialog from "../ui/dialog.module.css";
import { failureText } from "../ui/failure.ts";

export interface EditDialogProps {
  readonly text: string;
  readonly onClose: () => void;
  readonly onSave: (text: string) => Promise<unknown>;
}

export function EditDialog({ text: before, onClose, onSave }: EditDialogProps) {
  const [text, setText] = useState(before);
  const [failure, setFailure] = useState<string>();
  const save = (): void => {
    onSave(text).then(onClose, (error: unknown) => setFailure(failureText(error)));
  };
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={dialog["backdrop"]} />
        <Dialog.Popup className={dialog["popup"]}>
          <Dialog.Title className={dialog["title"]}>Edit the waiting prompt</Dialog.Title>
          <textarea
            className={dialog["area"]}
            aria-label="Prompt"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          {failure !== undefined && (
            <p role="alert" className={dialog["failure"]}>
              {failure}
            </p>
          )}
          <div className={dialog["actions"]}>
            <Dialog.Close render={<Button>Leave as it was</Button>} />
            <Button look="primary" disabled={text.trim() === "" || text === before} onClick={save}>
              Save
            </Button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

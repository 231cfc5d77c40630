import { useState } from "react";
import { useTranscript } from "./transcript-context.ts";

/** Whether a part of the transcript is unfolded; what a person chose is kept. */
export function useFold(key: string, initially: boolean): readonly [boolean, () => void] {
  const { folds } = useTranscript();
  const [chosen, setChosen] = useState(() => folds.get(key));
  const open = chosen ?? initially;
  const toggle = (): void => {
    folds.set(key, !open);
    setChosen(!open);
  };
  return [open, toggle];
}

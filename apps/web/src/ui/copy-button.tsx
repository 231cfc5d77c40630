import { useEffect, useState } from "react";
import { IconButton } from "./button.tsx";
import { copyText } from "./copy-text.ts";
import type { IconName } from "./icon.tsx";

export interface CopyButtonProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly text: () => string;
  readonly className?: string | undefined;
}

export function CopyButton({ label, icon = "copy", text, className }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 1600);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = (): void => {
    copyText(text()).then(
      () => setState("copied"),
      () => setState("failed"),
    );
  };
  const shown = { idle: label, copied: "Copied", failed: "Could not copy" }[state];
  return (
    <IconButton
      icon={state === "copied" ? "check" : state === "failed" ? "close" : icon}
      label={shown}
      className={className}
      onClick={copy}
    />
  );
}

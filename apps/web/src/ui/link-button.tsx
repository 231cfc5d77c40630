import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import styles from "./button.module.css";

interface AnchorProps extends ComponentProps<"a"> {
  readonly look?: "plain" | "primary" | "quiet";
}

/** A link of the app that looks like a button. */
export const LinkButton = createLink(function Anchor({ look = "plain", className, ...props }: AnchorProps) {
  const classes = [styles["button"], look === "plain" ? "" : styles[look], className];
  return <a className={classes.filter(Boolean).join(" ")} {...props} />;
});

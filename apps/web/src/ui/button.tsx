import type { ComponentProps } from "react";
import styles from "./button.module.css";
import { Icon, type IconName } from "./icon.tsx";

export interface ButtonProps extends ComponentProps<"button"> {
  readonly look?: "plain" | "primary" | "danger" | "quiet";
}

export function Button({ look = "plain", className, type = "button", ...props }: ButtonProps) {
  const classes = [styles["button"], look === "plain" ? "" : styles[look], className];
  return <button type={type} className={classes.filter(Boolean).join(" ")} {...props} />;
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "aria-label"> {
  readonly icon: IconName;
  /** What it does: its name for everybody, and its tooltip. */
  readonly label: string;
}

export function IconButton({ icon, label, className, look = "quiet", ...props }: IconButtonProps) {
  const classes = [styles["icon"], className].filter(Boolean).join(" ");
  return (
    <Button look={look} className={classes} aria-label={label} title={label} {...props}>
      <Icon name={icon} />
    </Button>
  );
}

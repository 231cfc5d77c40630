import { useMemo } from "react";
import { parseAnsi } from "../text/ansi.ts";
import { visibleText } from "../text/visible-text.ts";
import styles from "./ansi-text.module.css";

/** Terminal output as styled pieces of text. Never a terminal: it can neither move, nor link, nor make a sound. */
export function AnsiText({ text }: { readonly text: string }) {
  const spans = useMemo(() => parseAnsi(text), [text]);
  return spans.map((span, index) =>
    span.style === "" ? (
      visibleText(span.text)
    ) : (
      <span
        key={index}
        className={span.style
          .split(" ")
          .map((name) => styles[name])
          .join(" ")}
      >
        {visibleText(span.text)}
      </span>
    ),
  );
}

/** The text alone. */
export function plainOf(text: string): string {
  return parseAnsi(text)
    .map((span) => span.text)
    .join("");
}

import type { Style } from "../output/style.ts";

/** What `start --json` prints once it is ready, on one line. */
export interface Ready {
  readonly url: string;
  readonly token: string;
  /** Signs the browser in that opens it. */
  readonly link: string;
  readonly home: string;
  readonly pid: number;
}

export function announce(ready: Ready, data: string, notes: readonly string[], style: Style): string {
  return [
    "",
    `  ${style.bold("Skein is ready.")} Open this link; it signs your browser in:`,
    "",
    `  ${style.cyan(ready.link)}`,
    "",
    style.dim(`  Data in ${data} · Ctrl-C stops`),
    ...notes.map((note) => style.yellow(`  ${note}`)),
    "",
    "",
  ].join("\n");
}

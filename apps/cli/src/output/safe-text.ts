/* oxlint-disable no-control-regex -- control characters are what this file is about */

/**
 * Text that came from an agent, a file or the network, made safe for a terminal: no control character but newline and
 * tab reaches it, so that a transcript cannot move the cursor, set the title or answer the terminal's questions.
 */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;

export function safeText(text: string): string {
  return text.replace(ESCAPES, "").replace(/\r\n/g, "\n").replace(CONTROL, "");
}

/** The same on one line. */
export function safeLine(text: string): string {
  return safeText(text).replace(/\s+/g, " ").trim();
}

/** One line of JSON: what JSON leaves as it is but a terminal may obey is escaped. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return `${text.replace(CONTROL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

/**
 * Terminal output to styled pieces of text. Colours and weights become names for the style sheet to give a meaning in
 * both themes; everything else that an escape sequence may ask for (moving the cursor, titles, links) is left out.
 * A carriage return writes a line anew, as progress bars do.
 */
export interface AnsiSpan {
  readonly text: string;
  /** Style names, such as `fg1 bold`; empty for plain text. */
  readonly style: string;
}

interface Style {
  fg: string;
  bg: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
}

const PLAIN: Style = { fg: "", bg: "", bold: false, dim: false, italic: false, underline: false, inverse: false };

// CSI … final, OSC … (BEL or ST), other string sequences, two-character escapes, and the 8-bit CSI.
const SEQUENCE =
  // oxlint-disable-next-line no-control-regex -- escape sequences are what this looks for
  /\u001b\[([0-9;:?<=>]*)[ -/]*([@-~])|\u009b([0-9;:?]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[PX^_][^\u001b]*(?:\u001b\\)?|\u001b[ -/]*[0-~]?/g;

export function parseAnsi(text: string): AnsiSpan[] {
  const spans: AnsiSpan[] = [];
  let style = PLAIN;
  let from = 0;
  const push = (raw: string): void => {
    const piece = rewriteLines(raw);
    if (piece === "") return;
    const name = nameOf(style);
    const last = spans.at(-1);
    if (last?.style === name) spans[spans.length - 1] = { text: last.text + piece, style: name };
    else spans.push({ text: piece, style: name });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    const final = match[2] ?? match[4];
    if (final === "m") style = select(style, match[1] ?? match[3] ?? "");
  }
  push(text.slice(from));
  return spans;
}

/** Keeps what is left standing of each line after its carriage returns and backspaces. */
function rewriteLines(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => lastOf(withoutErased(line)))
    .join("\n");
}

/** A backspace takes away the character in front of it. */
function withoutErased(line: string): string {
  if (!line.includes("\b")) return line;
  const kept: string[] = [];
  for (const character of line) {
    if (character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}

function lastOf(line: string): string {
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}

function select(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let next = style;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const { color, used } = extended(codes.slice(index + 1));
      next = code === 38 ? { ...next, fg: color } : { ...next, bg: color };
      index += used;
    } else next = simple(next, code);
  }
  return next;
}

function simple(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 7) return { ...style, inverse: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 23) return { ...style, italic: false };
  if (code === 24) return { ...style, underline: false };
  if (code === 27) return { ...style, inverse: false };
  if (code >= 30 && code <= 37) return { ...style, fg: String(code - 30) };
  if (code === 39) return { ...style, fg: "" };
  if (code >= 40 && code <= 47) return { ...style, bg: String(code - 40) };
  if (code === 49) return { ...style, bg: "" };
  if (code >= 90 && code <= 97) return { ...style, fg: String(code - 90 + 8) };
  if (code >= 100 && code <= 107) return { ...style, bg: String(code - 100 + 8) };
  return style;
}

/** The 256 colours and RGB become the nearest of the sixteen: only those are readable on both themes. */
function extended(rest: readonly number[]): { color: string; used: number } {
  if (rest[0] === 5) {
    const code = rest[1] ?? 0;
    if (code < 16) return { color: String(code), used: 2 };
    if (code >= 232) return { color: code < 244 ? "8" : "7", used: 2 };
    const cube = code - 16;
    return { color: nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51), used: 2 };
  }
  if (rest[0] === 2) return { color: nearest(rest[1] ?? 0, rest[2] ?? 0, rest[3] ?? 0), used: 4 };
  return { color: "", used: 1 };
}

function nearest(red: number, green: number, blue: number): string {
  const top = Math.max(red, green, blue);
  if (top < 48) return "8";
  const half = top * 0.6;
  const code = (red > half ? 1 : 0) + (green > half ? 2 : 0) + (blue > half ? 4 : 0);
  return String(top > 180 ? code + 8 : code);
}

function nameOf(style: Style): string {
  const names: string[] = [];
  if (style.fg !== "") names.push(`fg${style.fg}`);
  if (style.bg !== "") names.push(`bg${style.bg}`);
  for (const name of ["bold", "dim", "italic", "underline", "inverse"] as const) if (style[name]) names.push(name);
  return names.join(" ");
}

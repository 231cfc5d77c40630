/** The last words of a process: enough to say why it failed, and no more. */
export interface TextTail {
  add(text: string): void;
  text(): string;
}

export function createTextTail(maxLength = 4000): TextTail {
  let tail = "";
  return {
    add(text) {
      tail = (tail + text).slice(-maxLength);
    },
    text: () => tail.trim(),
  };
}

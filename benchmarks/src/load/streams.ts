/** Streams to measure on, made through the protocol. */
const HEADERS = { "content-type": "application/json" };

export async function createStream(base: URL, path: string): Promise<void> {
  const response = await fetch(new URL(path, base), { method: "PUT", headers: HEADERS });
  if (response.status !== 201) throw new Error(`PUT ${path}: ${response.status}`);
}

/** Appends `count` messages in arrays of `batch`. */
export async function fillStream(base: URL, path: string, count: number, batch: number): Promise<void> {
  for (let from = 0; from < count; from += batch) {
    const messages = Array.from({ length: Math.min(batch, count - from) }, (_, n) => message(from + n));
    const body = `[${messages.join(",")}]`;
    const response = await fetch(new URL(path, base), { method: "POST", headers: HEADERS, body });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status}`);
  }
}

/** About 300 bytes, like a row of a transcript. */
export function message(n: number): string {
  return JSON.stringify({
    type: "coding_session_transcript",
    key: `row-${n}`,
    headers: { operation: "insert", timestamp: "2026-01-01T00:00:00.000Z" },
    value: { key: `row-${n}`, ts: 1_767_225_600_000 + n, type: "assistant_message", payload: { text: TEXT } },
  });
}

const TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(2);

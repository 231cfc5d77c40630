import { SkeinError } from "@skein/protocol";

/**
 * A request's body, whole and never larger than the limit: what says so beforehand is not read at all.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > maxBytes) throw tooLarge(maxBytes);
    // HTTP ends the body at its declared length.
    return (await bytesOf(request)) ?? new Uint8Array(await request.arrayBuffer());
  }
  if (request.body === null) return new Uint8Array(0);
  return collect(request.body, maxBytes);
}

/** Our own requests have them, and those of newer versions of Node: `arrayBuffer` has to make a copy. */
interface MayHaveBytes {
  readonly url: string;
  bytes?(): Promise<Uint8Array>;
}

function bytesOf(request: MayHaveBytes): Promise<Uint8Array> | undefined {
  return request.bytes?.();
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > maxBytes) {
      // Nobody waits for the rest: the refusal goes out at once.
      reader.cancel().catch(() => undefined);
      throw tooLarge(maxBytes);
    }
    chunks.push(next.value);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): SkeinError {
  return new SkeinError("too_large", `A body may have ${maxBytes} bytes at most; send it in parts.`);
}

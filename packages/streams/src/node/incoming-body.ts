import type { IncomingMessage } from "node:http";
import { SkeinError } from "@skein/protocol";

/**
 * The body of Node's request, never more of it than the limit.
 */
export function collectBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer<ArrayBuffer>[] = [];
    let size = 0;
    const take = (chunk: Buffer<ArrayBuffer>) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBytes) done(tooLarge(maxBytes));
    };
    const done = (error?: Error) => {
      incoming.off("data", take).off("end", done).off("close", cut).off("error", done);
      const [first] = chunks;
      if (error === undefined) resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
      else {
        incoming.pause();
        reject(error);
      }
    };
    const cut = () => done(new SkeinError("invalid_request", "The body was cut off."));
    incoming.on("data", take).once("end", done).once("close", cut).once("error", done);
  });
}

/** As a stream, read as fast as its reader takes it. */
export function streamBody(incoming: IncomingMessage, maxBytes: number): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await chunks.next();
        if (chunk.done === true) return controller.close();
        size += chunk.value.length;
        if (size > maxBytes) throw tooLarge(maxBytes);
        controller.enqueue(chunk.value);
      },
    },
    { highWaterMark: 0 },
  );
}

function tooLarge(maxBytes: number): SkeinError {
  return new SkeinError("too_large", `A body may have ${maxBytes} bytes at most; send it in parts.`);
}

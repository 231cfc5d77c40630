import { once } from "node:events";
import { connect, type Socket } from "node:net";

/**
 * A keep-alive HTTP/1.1 connection that does as little as it can, so that what is measured is the server: requests
 * are bytes made beforehand, of answers to appends only the status and the length are looked at.
 */
export class Connection {
  readonly #socket: Socket;
  #buffered: Buffer = Buffer.alloc(0);
  #waiting: { resolve(status: number): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("The server closed the connection.")));
  }

  static async open(url: URL): Promise<Connection> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    await once(socket, "connect");
    return new Connection(socket);
  }

  /** Sends a request and resolves with its status once the whole answer is there. One at a time. */
  send(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    const end = this.#buffered.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#buffered.toString("latin1", 0, end).toLowerCase();
    const length = bodyLength(head, this.#buffered, end + 4);
    if (length === undefined || this.#buffered.length < end + 4 + length) return;
    this.#buffered = this.#buffered.subarray(end + 4 + length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(Number(head.slice(9, 12)));
  }
}

/** Length of the body behind a head; `undefined` while a chunked one is not whole. */
function bodyLength(head: string, bytes: Buffer, from: number): number | undefined {
  if (head.slice(9, 12) === "204") return 0;
  const declared = /\r\ncontent-length: *(\d+)/.exec(head);
  if (declared !== null) return Number(declared[1]);
  if (!head.includes("\r\ntransfer-encoding: chunked")) return 0;
  const last = bytes.indexOf("0\r\n\r\n", from);
  return last < 0 ? undefined : last + 5 - from;
}

export function appendRequest(url: URL, path: string, body: string): Buffer {
  const bytes = Buffer.byteLength(body);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n${body}`,
  );
}

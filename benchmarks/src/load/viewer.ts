import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A live reader that looks for a mark in what comes. */
export class Viewer {
  readonly #socket: Socket;
  #mark: { readonly text: string; resolve(at: number): void; reject(error: Error): void } | undefined;
  #tail = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const text = this.#tail + chunk.toString("latin1");
      if (this.#mark !== undefined && text.includes(this.#mark.text)) {
        this.#mark.resolve(performance.now());
        this.#mark = undefined;
      }
      this.#tail = text.slice(-100);
    });
    socket.on("close", () => this.#mark?.reject(new Error("A reader's connection was closed.")));
  }

  static async open(url: URL, path: string): Promise<Viewer> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    await once(socket, "connect");
    const viewer = new Viewer(socket);
    const begun = viewer.sees("upToDate");
    socket.write(`GET ${path}?offset=now&live=sse HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
    await begun;
    return viewer;
  }

  sees(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#mark = { text, resolve, reject };
    });
  }

  close(): void {
    this.#mark = undefined;
    this.#socket.destroy();
  }
}

import type { Run } from "@skein/store";
import type { Mode } from "./content-type.ts";
import { frameBody, framePieces, sizeOf } from "./framing.ts";
import type { Part } from "./pulled-response.ts";
import { dataPieces, encodeControl, encodeData, type Control } from "./sse-encoding.ts";

/**
 * Consecutive messages of a stream, encoded at most once per form however many readers they go to.
 */
export class Batch {
  readonly start: number;
  readonly next: number;
  /** Of the messages, before encoding. */
  readonly bytes: number;
  readonly #mode: Mode;
  readonly #runs: readonly Run[];
  #body: Uint8Array<ArrayBuffer> | undefined;
  #data: Buffer | undefined;
  /** Readers of one moment want the same frame; the few others have cursors that they brought along, or come late. */
  readonly #frames = new Map<string, Uint8Array>();

  constructor(mode: Mode, runs: readonly Run[], start: number, next: number) {
    this.start = start;
    this.next = next;
    this.bytes = sizeOf(runs);
    this.#mode = mode;
    this.#runs = runs;
  }

  /** As the body of a response. */
  body(): Uint8Array<ArrayBuffer> {
    return (this.#body ??= frameBody(this.#mode, this.#runs));
  }

  /** As a data event with its control event. */
  frame(control: Omit<Control, "next">): Uint8Array {
    return this.encoded(`${control.cursor ?? ""}:${control.upToDate}:${control.closed}`, () => {
      this.#data ??= encodeData(this.#mode, this.body());
      return Buffer.concat([this.#data, encodeControl({ ...control, next: this.next })]);
    });
  }

  /** The same for one reader, who catches up: nothing of it is kept. */
  pieces(control: Omit<Control, "next">): Part {
    const body = framePieces(this.#mode, this.#runs, { opens: true, closes: true });
    return [...dataPieces(this.#mode, body), encodeControl({ ...control, next: this.next })];
  }

  /** In some other form, which `key` names. */
  encoded(key: string, encode: () => Uint8Array): Uint8Array {
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    if (this.#frames.size >= MAX_FRAMES) this.#frames.clear();
    const frame = encode();
    this.#frames.set(key, frame);
    return frame;
  }
}

const MAX_FRAMES = 4;

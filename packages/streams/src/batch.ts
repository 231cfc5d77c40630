import type { StreamMessage } from "@skein/store";
import type { Mode } from "./content-type.ts";
import { frameBody } from "./framing.ts";
import { encodeControl, encodeData, type Control } from "./sse-encoding.ts";

/**
 * Consecutive messages of a stream, encoded at most once per form however many readers they go to.
 */
export class Batch {
  readonly start: number;
  readonly next: number;
  /** Of the messages, before encoding. */
  readonly bytes: number;
  readonly #mode: Mode;
  readonly #messages: readonly StreamMessage[];
  #body: Uint8Array<ArrayBuffer> | undefined;
  #data: Buffer | undefined;
  /** The newest frame: readers of one moment have the same control event but for cursors that they bring along. */
  #frame: { readonly key: string; readonly bytes: Uint8Array } | undefined;

  constructor(mode: Mode, messages: readonly StreamMessage[], start: number, next: number) {
    this.start = start;
    this.next = next;
    this.bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
    this.#mode = mode;
    this.#messages = messages;
  }

  /** As the body of a response. */
  body(): Uint8Array<ArrayBuffer> {
    return (this.#body ??= frameBody(this.#mode, this.#messages));
  }

  /** As a data event with its control event. */
  frame(control: Omit<Control, "next">): Uint8Array {
    const key = `${control.cursor ?? ""}:${control.upToDate}:${control.closed}`;
    if (this.#frame?.key !== key) {
      this.#data ??= encodeData(this.#mode, this.body());
      const bytes = Buffer.concat([this.#data, encodeControl({ ...control, next: this.next })]);
      this.#frame = { key, bytes };
    }
    return this.#frame.bytes;
  }
}

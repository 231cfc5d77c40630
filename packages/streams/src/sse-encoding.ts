import { formatOffset } from "@skein/protocol";
import type { Mode } from "./content-type.ts";
import type { Part } from "./pulled-response.ts";

/**
 * Server-sent events. A payload's lines become `data:` lines, whatever ends them, so that no payload can begin an
 * event of its own; other bytes go through untouched. Binary streams are sent as base64.
 */
export interface Control {
  readonly next: number;
  /** Absent on the last event of a closed stream: nobody comes back for more. */
  readonly cursor?: string;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

export function encodeData(mode: Mode, body: Uint8Array): Buffer {
  if (mode === "bytes") return Buffer.from(`event: data\ndata:${Buffer.from(body).toString("base64")}\n\n`, "latin1");
  return encodeEvent("data", body);
}

/**
 * The data event of a body in pieces. Large JSON mostly has no line ends: then the pieces go as they are, without the
 * copies that a slow reader would hold and a fast one leave behind.
 */
export function dataPieces(mode: Mode, body: Part): Part {
  const asItIs = mode === "json" && body.length > 1 && !body.some((piece) => piece.includes(LF) || piece.includes(CR));
  return asItIs ? [DATA_EVENT, ...body, END_OF_EVENT] : [encodeData(mode, Buffer.concat(body))];
}

/** An event whose data are these bytes, line by line. */
export function encodeEvent(name: string, body: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`event: ${name}\n`, "latin1")];
  let lf = body.indexOf(LF);
  let cr = body.indexOf(CR);
  for (let start = 0; start <= body.length;) {
    if (lf >= 0 && lf < start) lf = body.indexOf(LF, start);
    if (cr >= 0 && cr < start) cr = body.indexOf(CR, start);
    const end = firstOf(lf, cr, body.length);
    // A reader strips one space behind the colon: a line that begins with one needs another.
    parts.push(body[start] === SPACE ? DATA_SPACE : DATA, body.subarray(start, end), NEWLINE);
    start = end + (end === cr && lf === cr + 1 ? 2 : 1);
  }
  parts.push(NEWLINE);
  return Buffer.concat(parts);
}

/** A comment: it says that the connection lives. */
export const KEEP_ALIVE = Buffer.from(": keep-alive\n\n", "latin1");

const DATA = Buffer.from("data:", "latin1");
const DATA_SPACE = Buffer.from("data: ", "latin1");
const DATA_EVENT = Buffer.from("event: data\ndata:", "latin1");
const END_OF_EVENT = Buffer.from("\n\n", "latin1");
const NEWLINE = Buffer.from("\n", "latin1");

function firstOf(lf: number, cr: number, end: number): number {
  if (lf < 0) return cr < 0 ? end : cr;
  return cr < 0 ? lf : Math.min(lf, cr);
}

export function encodeControl(control: Control): Buffer {
  const fields = {
    streamNextOffset: formatOffset(control.next),
    ...(control.closed || control.cursor === undefined ? {} : { streamCursor: control.cursor }),
    ...(control.upToDate ? { upToDate: true } : {}),
    ...(control.closed ? { streamClosed: true } : {}),
  };
  return Buffer.from(`event: control\ndata:${JSON.stringify(fields)}\n\n`, "latin1");
}

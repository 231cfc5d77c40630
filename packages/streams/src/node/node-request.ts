import type { IncomingMessage } from "node:http";
import { collectBody, streamBody } from "./incoming-body.ts";

/**
 * Node's request in the web's form. Each part is made when a handler first looks at it: a real `Request`, with its
 * headers, stream and abort signal, costs more than all that an append does with it. What handlers of a server hardly
 * use comes from a real one.
 *
 * The body is read only when it is asked for, so a refusal reads nothing, and never beyond the limit.
 */
export class NodeRequest implements Request {
  readonly method: string;
  readonly url: string;
  readonly #incoming: IncomingMessage;
  readonly #maxBodyBytes: number;
  #headers: Headers | undefined;
  #abort: AbortController | undefined;
  #gone = false;
  #body: ReadableStream<Uint8Array> | null | undefined;
  #consumed = false;
  #real: Request | undefined;

  /** Throws when the target or the host is malformed, or the method is not for handlers. */
  constructor(incoming: IncomingMessage, maxBodyBytes: number) {
    const { method = "GET", url = "/" } = incoming;
    if (FORBIDDEN.has(method)) throw new TypeError(`${method} is not for handlers.`);
    this.method = method;
    this.url = absoluteUrl(incoming.headers.host ?? "localhost", url);
    this.#incoming = incoming;
    this.#maxBodyBytes = maxBodyBytes;
  }

  get headers(): Headers {
    return (this.#headers ??= headersOf(this.#incoming));
  }

  /** Aborted when the client goes or the server stops. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone) this.#abort.abort();
    return this.#abort.signal;
  }

  /** By the adapter. */
  leave(): void {
    this.#gone = true;
    this.#abort?.abort();
  }

  get body(): ReadableStream<Uint8Array> | null {
    this.#body ??= this.#hasBody() ? streamBody(this.#incoming, this.#maxBodyBytes) : null;
    return this.#body;
  }

  get bodyUsed(): boolean {
    return this.#consumed || (this.#body?.locked ?? false);
  }

  /** As they came: part of a larger block of memory. */
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#collect();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#collect();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#collect());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  blob(): Promise<Blob> {
    return this.#request().blob();
  }
  formData() {
    return this.#request().formData();
  }
  clone(): Request {
    return this.#request().clone();
  }

  get cache() {
    return this.#request().cache;
  }
  get credentials() {
    return this.#request().credentials;
  }
  get destination() {
    return this.#request().destination;
  }
  get integrity() {
    return this.#request().integrity;
  }
  get keepalive() {
    return this.#request().keepalive;
  }
  get mode() {
    return this.#request().mode;
  }
  get redirect() {
    return this.#request().redirect;
  }
  get referrer() {
    return this.#request().referrer;
  }
  get referrerPolicy() {
    return this.#request().referrerPolicy;
  }
  get duplex(): "half" {
    return "half";
  }

  #hasBody(): boolean {
    if (this.method === "GET" || this.method === "HEAD") return false;
    const { headers } = this.#incoming;
    return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  }

  async #collect(): Promise<Uint8Array<ArrayBuffer>> {
    // Once a stream has been given out the bytes come through it.
    if (this.#real !== undefined) return new Uint8Array(await this.#real.arrayBuffer());
    if (this.bodyUsed) throw new TypeError("The body has been read.");
    if (this.#body !== undefined) return new Uint8Array(await this.#request().arrayBuffer());
    this.#consumed = true;
    return this.#hasBody() ? collectBody(this.#incoming, this.#maxBodyBytes) : new Uint8Array(0);
  }

  #request(): Request {
    const { method, headers, signal, body } = this;
    this.#real ??= new Request(this.url, {
      method,
      headers,
      signal,
      ...(body === null ? {} : { body, duplex: "half" }),
    });
    return this.#real;
  }
}

/** What the web's `Request` refuses. */
const FORBIDDEN: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const PLAIN_HOST = /^[A-Za-z0-9.-]+(:\d{1,5})?$/;

/** `Host` with the target's path; of an absolute-form target (proxies) only the path counts. */
function absoluteUrl(host: string, target: string): string {
  if (target.startsWith("/") && PLAIN_HOST.test(host)) return `http://${host}${target}`;
  const { pathname, search } = target.startsWith("/") ? { pathname: target, search: "" } : new URL(target);
  return new URL(`http://${host}${pathname}${search}`).href;
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  return headers;
}

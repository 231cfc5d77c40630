import { z } from "zod";

/** Requests and notifications over lines of JSON, both ways: JSON-RPC without its version. */
export interface Connection {
  /** Rejects with an `RpcError` when it is refused, and when the connection ends first. */
  request(method: string, params: unknown): Promise<unknown>;
  notify(method: string): void;
  /** Answers a request of the other side. */
  respond(id: RpcId, result: unknown): void;
  refuse(id: RpcId, message: string): void;
  /** A line of the other side. */
  line(text: string): void;
  /** Nothing comes any more. */
  end(reason: string): void;
}

export type RpcId = string | number;

export class RpcError extends Error {
  override readonly name = "RpcError";
}

export interface ConnectionDeps {
  readonly write: (line: string) => void;
  readonly onNotification: (method: string, params: unknown) => void;
  readonly onRequest: (id: RpcId, method: string, params: unknown) => void;
}

const message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});

const METHOD_NOT_FOUND = -32601;

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export function createConnection(deps: ConnectionDeps): Connection {
  const pending = new Map<RpcId, Pending>();
  let last = 0;
  let ended: string | undefined;

  const send = (value: unknown): void => {
    if (ended === undefined) deps.write(`${JSON.stringify(value)}\n`);
  };

  function settle(id: RpcId, { result, error }: z.infer<typeof message>): void {
    const waiting = pending.get(id);
    pending.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new RpcError(error.message));
  }

  return {
    request(method, params) {
      if (ended !== undefined) return Promise.reject(new RpcError(ended));
      const id = ++last;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        send({ id, method, params });
      });
    },
    notify: (method) => send({ method }),
    respond: (id, result) => send({ id, result }),
    refuse: (id, text) => send({ id, error: { code: METHOD_NOT_FOUND, message: text } }),
    line(text) {
      const parsed = message.safeParse(jsonOr(text));
      // What is no message is something that was printed; the protocol tolerates it, and so do we.
      if (!parsed.success) return;
      const { id, method, params } = parsed.data;
      if (method === undefined) {
        if (id !== undefined) settle(id, parsed.data);
      } else if (id === undefined) deps.onNotification(method, params);
      else deps.onRequest(id, method, params);
    },
    end(reason) {
      ended ??= reason;
      for (const { reject } of pending.values()) reject(new RpcError(reason));
      pending.clear();
    },
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { PREFIX, shareCreated, shareList, type Share, type ShareCreated, type ShareRequest } from "@skein/protocol";
import type { ReadOptions } from "./read-stream.ts";
import type { Transport } from "./transport.ts";

/** Links by which somebody without the server's token may read one session. */
export interface ShareMethods {
  /** Those that still lead somewhere, oldest first. */
  listShares(session: string, options?: ReadOptions): Promise<readonly Share[]>;
  /** The answer has the token, which is not told again. */
  createShare(request: ShareRequest): Promise<ShareCreated>;
  /** What is read through it ends at once. */
  deleteShare(id: string): Promise<void>;
}

export function shareMethods(transport: Transport): ShareMethods {
  const path = `${PREFIX}/shares`;
  return {
    listShares: async (session, options) =>
      (await transport.json(shareList, "GET", path, { query: { session }, ...options })).shares,
    createShare: (body) => transport.json(shareCreated, "POST", path, { body }),
    async deleteShare(id) {
      await transport.request("DELETE", `${path}/${encodeURIComponent(id)}`);
    },
  };
}

import { createServer } from "node:http";
import { z } from "zod";

/** What a claim of the protocol answers. */
export const claimed = z.object({
  wake_id: z.string(),
  generation: z.number(),
  token: z.string(),
  streams: z.array(z.object({ path: z.string(), acked_offset: z.string(), tail_offset: z.string() })),
});
export type Claimed = z.infer<typeof claimed>;

const notice = claimed.omit({ token: true }).extend({
  subscription_id: z.string(),
  callback_url: z.string(),
  callback_token: z.string(),
  entity: z.unknown(),
});
/** What a webhook is told. */
export type Notice = z.infer<typeof notice>;

/** A webhook on this machine. */
export async function startHook(answer: (told: Notice) => unknown) {
  const calls: Notice[] = [];
  const turned: (() => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const told = notice.parse(JSON.parse(Buffer.concat(chunks).toString()));
      response.end(JSON.stringify(answer(told)));
      calls.push(told);
      for (const resolve of turned.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}/hook`,
    async called(times: number): Promise<void> {
      while (calls.length < times) await new Promise<void>((resolve) => void turned.push(resolve));
    },
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

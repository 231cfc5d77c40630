import { createEmbeddedServer } from "@skein/server/presets";
import { z } from "zod";

/** Child process: a server that lives until it is killed. */
const options = z.object({
  home: z.string(),
  database: z.string().optional(),
  port: z.number(),
  token: z.string(),
  leaseMs: z.number(),
});
const { database, ...rest } = options.parse(JSON.parse(process.argv[2] ?? ""));
const server = await createEmbeddedServer({
  ...rest,
  ...(database !== undefined && { database }),
  log: () => undefined,
});
process.once("disconnect", () => process.exit(0));
process.send?.({ port: server.port });

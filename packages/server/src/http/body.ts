import { SkeinError } from "@skein/protocol";
import { z } from "zod";

/** Control requests are small. Commits carry whole batches of rows. */
export const MAX_BODY = 1024 * 1024;
export const MAX_COMMIT_BODY = 32 * 1024 * 1024;
export const MAX_ANSWER_BODY = 8 * 1024 * 1024;

/** Reads a JSON body of limited size and parses it. An empty body counts as `{}`. */
export async function readJson<T extends z.ZodType>(
  request: Request,
  schema: T,
  limit = MAX_BODY,
): Promise<z.output<T>> {
  const text = await readText(request, limit);
  let body: unknown;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "it cannot be parsed";
    throw new SkeinError("malformed_json", `The body is not JSON: ${reason}`, { cause });
  }
  return parseRequest(schema, body, "body");
}

/** What is asked, as the schema has it; throws `invalid_request` and says what is wrong with `what`. */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SkeinError("invalid_request", `The ${what} is not understood:\n${z.prettifyError(parsed.error)}`, {
    details: parsed.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join("."), message })),
  });
}

async function readText(request: Request, limit: number): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(request, limit));
  } catch (cause) {
    if (cause instanceof SkeinError) throw cause;
    throw new SkeinError("malformed_json", "The body is not UTF-8.", { cause });
  }
}

/** A body of limited size as it came. */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge(limit);
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): SkeinError {
  return new SkeinError("too_large", `The body is larger than ${limit} bytes.`, { details: { limit } });
}

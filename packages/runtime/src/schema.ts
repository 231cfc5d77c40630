import { SkeinError } from "@skein/protocol";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/** Standard Schema at our two borders: values are checked here, and its JSON Schema goes to the server. */

export function validateSync<Output>(schema: StandardSchemaV1<unknown, Output>, value: unknown, what: string): Output {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    throw new SkeinError(
      "schema_validation_failed",
      `${what}: its schema is asynchronous, which rows cannot wait for.`,
    );
  }
  return unwrap(result, what);
}

export async function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  what: string,
): Promise<Output> {
  return unwrap(await schema["~standard"].validate(value), what);
}

function unwrap<Output>(result: StandardSchemaV1.Result<Output>, what: string): Output {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path }) => ({ message, path: path?.map(segmentName) ?? [] }));
  const first = issues[0];
  const where = first === undefined || first.path.length === 0 ? "" : ` (${first.path.join(".")})`;
  throw new SkeinError("schema_validation_failed", `${what}: ${first?.message ?? "not valid"}${where}`, {
    details: issues,
  });
}

function segmentName(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof segment === "object" ? segment.key : segment);
}

/**
 * Draft 2020-12, where the schema's library can say it (zod 4 can); otherwise `undefined`, and only the runner checks.
 * `input` is what people send, `output` what is stored.
 */
export function toJsonSchema(schema: StandardSchemaV1, side: "input" | "output"): Record<string, unknown> | undefined {
  if (!hasJsonSchema(schema)) return undefined;
  const { jsonSchema } = schema["~standard"];
  try {
    return side === "input"
      ? jsonSchema.input({ target: "draft-2020-12" })
      : jsonSchema.output({ target: "draft-2020-12" });
  } catch {
    // The library says by throwing that JSON Schema cannot express this one, such as a transform's output.
    return undefined;
  }
}

function hasJsonSchema(schema: StandardSchemaV1): schema is StandardSchemaV1 & StandardJSONSchemaV1 {
  return "jsonSchema" in schema["~standard"];
}

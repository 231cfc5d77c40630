import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { SkeinError } from "@skein/protocol";

const MAX_CACHED = 500;

export interface SchemaChecker {
  /** Throws `invalid_request` when the schema itself is not one. */
  compile(schema: Readonly<Record<string, unknown>>): void;
  check(schema: Readonly<Record<string, unknown>>, value: unknown): string | undefined;
}

/** JSON Schema draft 2020-12. Formats are not judged, and nothing outside of the schema is ever loaded. */
export function createSchemaChecker(): SchemaChecker {
  const cache = new Map<string, ValidateFunction>();
  // A commit checks many events against one schema object: its text is made once.
  const byObject = new WeakMap<object, ValidateFunction>();

  const compile = (schema: Readonly<Record<string, unknown>>): ValidateFunction => {
    const found = byObject.get(schema) ?? compileText(schema);
    byObject.set(schema, found);
    return found;
  };

  const compileText = (schema: Readonly<Record<string, unknown>>): ValidateFunction => {
    const text = JSON.stringify(schema);
    const known = cache.get(text);
    if (known) return known;
    // One instance per schema: `$id`s of different types must not meet.
    const ajv = new Ajv2020({ strict: false, validateFormats: false, addUsedSchema: false, logger: false });
    let validate: ValidateFunction;
    try {
      validate = ajv.compile({ ...schema });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SkeinError("invalid_request", `This is not a usable JSON Schema: ${reason}`, { cause });
    }
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value ?? "");
    cache.set(text, validate);
    return validate;
  };

  return {
    compile: (schema) => void compile(schema),
    check(schema, value) {
      const validate = compile(schema);
      if (validate(value)) return undefined;
      const error = validate.errors?.[0];
      const where = error?.instancePath ? error.instancePath.slice(1).replaceAll("/", ".") : "the value";
      const extra = error?.keyword === "additionalProperties" ? ` (${String(error.params["additionalProperty"])})` : "";
      const allowed = error?.keyword === "enum" ? ` (${(error.params["allowedValues"] ?? []).join(", ")})` : "";
      return `${where} ${error?.message ?? "is not valid"}${extra}${allowed}`;
    },
  };
}

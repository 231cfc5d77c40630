import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { SkeinError } from "@skein/protocol";

const MAX_CACHED = 500;

export interface SchemaChecker {
  /** Throws `invalid_request` when the schema itself is not one. */
  readonly compile: (schema: Readonly<Record<string, unknown>>) => void;
  readonly check: (schema: Readonly<Record<string, unknown>>, value: unknown) => string | undefined;
}

/** JSON Schema draft 2020-12. Formats are not judged, and nothing outside of the schema is ever loaded. */
export function createSchemaChecker(): SchemaChecker {
  // Used schemas are not added: the `$id`s of different types do not meet.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, addUsedSchema: false, logger: false });
  const byText = new Map<string, { readonly schema: object; readonly validate: ValidateFunction }>();
  // A commit checks many events against one schema object: its text is made once.
  const byObject = new WeakMap<object, ValidateFunction>();

  const compileText = (schema: object, text: string): ValidateFunction => {
    try {
      const validate = ajv.compile(schema);
      if (byText.size >= MAX_CACHED) forgetOldest();
      byText.set(text, { schema, validate });
      return validate;
    } catch (cause) {
      ajv.removeSchema(schema);
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SkeinError("invalid_request", `This is not a usable JSON Schema: ${reason}`, { cause });
    }
  };
  const forgetOldest = (): void => {
    for (const [text, { schema }] of byText) {
      byText.delete(text);
      ajv.removeSchema(schema);
      return;
    }
  };
  const compile = (schema: object): ValidateFunction => {
    const known = byObject.get(schema);
    if (known) return known;
    const text = JSON.stringify(schema);
    const validate = byText.get(text)?.validate ?? compileText(schema, text);
    byObject.set(schema, validate);
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

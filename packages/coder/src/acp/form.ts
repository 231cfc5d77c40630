import type { questionItem } from "@skein/sessions";
import type { z } from "zod";
import type { FormField, FormParams } from "./messages.ts";

/** An agent's form as questions to a person, and their answers as what the form asks for. */
export interface Form {
  readonly questions: readonly z.infer<typeof questionItem>[];
  /** Answers by the words of the question. */
  content(answers: Readonly<Record<string, string>>): Record<string, string | number | boolean | string[]>;
}

type Choice = { readonly value: string; readonly label: string; readonly description: string | undefined };
type Value = string | number | boolean | string[];

/** A field for words beside a choice: what fits none of the options goes there. */
const CUSTOM = /_custom$/;

export function readForm({ message, requestedSchema: { properties } }: FormParams): Form {
  const names = Object.keys(properties).filter(
    (name) => !(CUSTOM.test(name) && name.replace(CUSTOM, "") in properties),
  );
  const asked = names.flatMap((name) => {
    const field = properties[name];
    return field === undefined ? [] : [{ name, field, choices: choicesOf(field) }];
  });
  const single = asked.length === 1;
  const words = ({ name, field }: { name: string; field: FormField }): string =>
    single ? message : (field.description ?? field.title ?? name);
  return {
    questions: asked.map((one) => ({
      question: words(one),
      ...(one.field.title ? { header: one.field.title } : {}),
      ...(one.field.type === "array" ? { multiSelect: true } : {}),
      options: one.choices.map(({ label, description }) => ({
        label,
        ...(description === undefined ? {} : { description }),
      })),
    })),
    content(answers) {
      const filled = asked.flatMap((one): [string, Value][] => {
        const text = answers[words(one)];
        if (text === undefined) return [];
        const value = valueOf(text, one);
        if (value !== undefined) return [[one.name, value]];
        const custom = `${one.name}_custom`;
        return custom in properties ? [[custom, text]] : [[one.name, text]];
      });
      return Object.fromEntries(filled);
    },
  };
}

function choicesOf({ type, enum: plain, oneOf, items }: FormField): Choice[] {
  const titled = oneOf ?? items?.anyOf;
  if (titled !== undefined) {
    return titled.map((one) => ({
      value: one.const,
      label: one.title ?? one.const,
      description: one.description ?? undefined,
    }));
  }
  const values = plain ?? items?.enum ?? (type === "boolean" ? ["yes", "no"] : []);
  return values.map((value) => ({ value, label: value, description: undefined }));
}

/** `undefined`: what was answered is none of the options. */
function valueOf(
  text: string,
  { field, choices }: { field: FormField; choices: readonly Choice[] },
): Value | undefined {
  const find = (label: string) => choices.find((one) => one.label === label || one.value === label)?.value;
  const { type = "string" } = field;
  switch (type) {
    case "boolean":
      return /^(?:y|yes|true)$/i.test(text);
    case "number":
    case "integer":
      return Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "array": {
      const found = text.split(/,\s*/).map(find);
      return found.every((value) => value !== undefined) ? found : undefined;
    }
    default:
      return choices.length === 0 ? text : find(text);
  }
}

import { SkeinError } from "@skein/protocol";
import { expect, test } from "vitest";
import { fieldError } from "./form-errors.ts";

test("[WB4] a refusal stands at the field that it concerns", () => {
  expect(fieldError(new SkeinError("directory_not_found", "No such folder."))).toEqual({
    field: "directory",
    message: "No such folder.",
  });
  expect(fieldError(new SkeinError("agent_not_signed_in", "Sign in."))).toMatchObject({ field: "agent" });
  expect(
    fieldError(new SkeinError("schema_validation_failed", "No.", { details: [{ path: "/model" }] })),
  ).toMatchObject({ field: "model" });
  expect(fieldError(new SkeinError("unavailable", "x"))).toMatchObject({ field: "form" });
  expect(fieldError(new Error("odd"))).toEqual({ field: "form", message: "odd" });
});

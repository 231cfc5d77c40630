import { SkeinError } from "@skein/protocol";
import { expect, test } from "vitest";
import { CliError, describeFailure, usageError } from "./failure.ts";

test("[CL22] a failure is one line with its code, a hint, and exit code 1", () => {
  expect(describeFailure(new SkeinError("unauthorized", "The token is wrong.\nReally."), false)).toEqual({
    lines: ["error: The token is wrong. Really. (unauthorized)", expect.stringContaining("--token")],
    exitCode: 1,
  });
  expect(describeFailure(new CliError("port_taken", "Port 1 is taken."), false)).toEqual({
    lines: ["error: Port 1 is taken. (port_taken)"],
    exitCode: 1,
  });
});

test("[CL22] misuse exits with 2", () => {
  expect(describeFailure(usageError("No."), false).exitCode).toBe(2);
});

test("[CL22] a stack trace is printed only on demand", () => {
  const error = new Error("broken");
  expect(describeFailure(error, false).lines.join("\n")).not.toContain("failure.test.ts");
  expect(describeFailure(error, true).lines.join("\n")).toContain("failure.test.ts");
  expect(describeFailure(error, false).lines[0]).toBe("error: broken (internal)");
});

test("[CL21] an error's message brings no control sequence", () => {
  expect(describeFailure(new SkeinError("not_found", "no \u001b[31mx"), false).lines[0]).toBe(
    "error: no x (not_found)",
  );
});

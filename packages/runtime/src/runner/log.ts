import type { HandlerContext } from "../context.ts";

/** Where a runner and its handlers say what happens. */
export type Log = HandlerContext["log"];

/** Warnings and errors to the console. */
export const consoleLog: Log = (level, text, fields) => {
  if (level === "warn" || level === "error") console[level](text, fields ?? "");
};

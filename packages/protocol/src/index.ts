export * from "./change-event.ts";
export * from "./entities.ts";
export * from "./errors.ts";
export * from "./offsets.ts";
export * from "./paths.ts";
export * from "./runners.ts";

export * from "./events.ts";
export * from "./resource.ts";

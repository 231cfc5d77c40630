#!/usr/bin/env node
// Run from a clone it first makes itself ready (silently when it is); run from an installed package it just starts.
import { existsSync } from "node:fs";

const setup = new URL("../../../scripts/setup/", import.meta.url);
if (existsSync(setup)) {
  const { requireNode } = await import(new URL("node-version.mjs", setup).href);
  requireNode();
  const { prepareOrExit } = await import(new URL("prepare.mjs", setup).href);
  await prepareOrExit({ targets: process.argv[2] === "start" ? ["cli", "web"] : ["cli"] });
}
await import("../dist/main.js");

import { readFileSync } from "node:fs";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient } from "@skein/runtime/client";
import { createMemoryServer } from "@skein/server/testing";
import { createElement } from "react";
import { expect, onTestFinished, test } from "vitest";
import { Board, board } from "./testing/guide-board.tsx";
import { Needs } from "./testing/guide-needs.tsx";
import { Session } from "./testing/guide-session.tsx";
import { render } from "./testing/render.ts";
import { trackedEnvironment } from "./testing/tracked-environment.ts";

const here = (path: string) => new URL(path, import.meta.url);

test("[WB37] the programs of the guide are those that are checked and run here", () => {
  const guide = readFileSync(here("../../../docs/guide/react.md"), "utf8");
  const programs = [...guide.matchAll(/```tsx\n([^]*?)```/g)].map(([, program]) => program);
  const files = ["guide-needs", "guide-session", "guide-board"];
  expect(programs).toEqual(files.map((name) => readFileSync(here(`./testing/${name}.tsx`), "utf8")));
});

test("[WB37] they run against a server", async () => {
  const server = createMemoryServer();
  onTestFinished(() => server.close());
  const connection = { baseUrl: server.url, token: server.token, fetch: (request: Request) => server.fetch(request) };
  const registry = createRegistry();
  registry.define("writer", {
    description: "Writes on the board.",
    async handler(ctx) {
      const { collections } = await ctx.mkdb("board", board);
      if (!collections.notes.has("one")) collections.notes.insert({ key: "one", text: "Written by a handler." });
    },
  });
  const runner = createRunner({ ...connection, registry, id: "r" });
  await runner.start();
  onTestFinished(() => runner.stop());
  await createClient(connection).spawn("writer", "w");
  const page = render({ ...connection, environment: trackedEnvironment() }, createElement(Board));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("Written by a handler.");
  page.show(createElement(Needs));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("Nothing waits for you.");
  page.show(createElement(Session, { id: "not-there" }));
  await expect.poll(page.text, { timeout: 20_000 }).toBe("missing");
  page.unmount();
});

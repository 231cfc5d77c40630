import type { Entity, Session } from "@skein/protocol";
import { expect, test } from "vitest";
import { joinSessions, renderEntities } from "./list-entities.ts";
import { createStyle } from "./style.ts";

const NOW = Date.UTC(2026, 10, 22);
const look = { width: 0, now: NOW, style: createStyle(false) };

function entity(url: string, more: Partial<Entity> = {}): Entity {
  const [, type = "", id = ""] = url.split("/");
  return {
    url,
    type,
    id,
    status: "idle",
    args: {},
    tags: {},
    createdBy: "user:ann",
    createdAt: NOW,
    updatedAt: NOW - 3_600_000,
    streams: { main: `${url}/main` },
    ...more,
  };
}

const session: Session = {
  id: "s1",
  resource: "/_skein/shared-state/coder-session/s1",
  coder: "/coder/s1",
  title: "Fix the build",
  agent: "claude",
  cwd: "/work/app",
  permissionMode: "ask",
  status: "waiting",
  statusSince: NOW,
  pending: [{ requestId: "r1", kind: "permission", tool: "terminal" }],
  createdAt: NOW,
  lastActivityAt: NOW - 120_000,
  turns: 1,
};

test("[CL20] coders are listed with what their session waits for, other entities with their status", () => {
  const listed = joinSessions([entity("/coder/s1"), entity("/note/a")], [session]);
  expect(listed.map(({ session: joined }) => joined?.id)).toEqual(["s1", undefined]);
  expect(renderEntities(listed, look)).toEqual([
    "ENTITY     STATUS            ACTIVE  TITLE          DIRECTORY",
    "/coder/s1  approve terminal  2m      Fix the build  /work/app",
    "/note/a    idle              1h",
  ]);
});

test("[CL20] a killed coder is killed, whatever its session says", () => {
  const [, line] = renderEntities(joinSessions([entity("/coder/s1", { status: "killed" })], [session]), look);
  expect(line).toMatch(/^\/coder\/s1 {2}killed /);
});

test("[CL20] an empty list says how to begin", () => {
  expect(renderEntities([], look)).toEqual([expect.stringContaining("skein spawn coder")]);
});

import { expect, test } from "vitest";
import { matchCommands, type Command } from "./matches.ts";

const command = (title: string, group: Command["group"] = "Sessions", hint?: string): Command => ({
  id: `${group}:${title}`,
  title,
  group,
  ...(hint !== undefined && { hint }),
  run: () => undefined,
});
const titles = (commands: readonly Command[], text: string) => matchCommands(commands, text).map(({ title }) => title);

test("[WB45] the palette finds by every word, the beginnings of words and titles first, and ends at fifty", () => {
  const commands = [
    command("Recode the parser", "Sessions", "~/work/code"),
    command("Code review", "Sessions", "~/work/app"),
    command("New session", "App"),
    command("Fix the login", "Sessions", "~/code/web"),
  ];
  expect(titles(commands, "code")).toEqual(["Code review", "Recode the parser", "Fix the login"]);
  expect(titles(commands, "CODE web")).toEqual(["Fix the login"]);
  expect(titles(commands, "nothing")).toEqual([]);
  for (const odd of ["a.*b(", "a-b", "[x]{1}", "\\d|^$", "a/b"]) expect(titles(commands, odd)).toEqual([]);
  expect(titles(commands, "")).toEqual(["Recode the parser", "Code review", "Fix the login", "New session"]);
  expect(
    matchCommands(
      Array.from({ length: 80 }, (_, n) => command(`Session ${n}`)),
      "session",
    ),
  ).toHaveLength(50);
});

import { expect, test } from "vitest";
import { directoryMapper } from "./directory-map.ts";

test("[FK30] a directory of another machine is where the first entry that it is in says, and else where it was", () => {
  const map = directoryMapper([
    { from: "/home/ada/work/", to: "/srv/work" },
    { from: "/home/ada", to: "/home/build" },
  ]);
  expect(map("/home/ada/work")).toBe("/srv/work");
  expect(map("/home/ada/work/shop/src")).toBe("/srv/work/shop/src");
  expect(map("/home/ada/workshop")).toBe("/home/build/workshop");
  expect(map("/home/adam/x")).toBe("/home/adam/x");
  expect(directoryMapper([{ from: "/", to: "/mnt" }])("/a")).toBe("/mnt/a");
});

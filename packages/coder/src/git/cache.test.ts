import { expect, test } from "vitest";
import { believable, planHash } from "./cache.ts";
import type { Cache } from "./cache.ts";
import type { FileStat } from "./file-stat.ts";

const stat = (changes: Partial<FileStat> = {}): FileStat => ({
  kind: "file",
  executable: false,
  size: 3,
  mtime: 1000,
  ctime: 1000,
  inode: 7,
  ...changes,
});
const cache = (entries: Record<string, FileStat>): Cache =>
  new Map(Object.entries(entries).map(([path, stat]) => [path, { stat, oid: `oid of ${path}` }]));

test("[CK11] a file that looks as it did is not read again; any difference makes it read", () => {
  const known = cache({
    same: stat(),
    size: stat(),
    mtime: stat(),
    ctime: stat(),
    inode: stat(),
    mode: stat(),
    gone: stat(),
  });
  const plan = planHash(
    new Map([
      ["same", stat()],
      ["size", stat({ size: 4 })],
      ["mtime", stat({ mtime: 1000.000001 })],
      ["ctime", stat({ ctime: 1000.000001 })],
      ["inode", stat({ inode: 8 })],
      ["mode", stat({ executable: true })],
      ["new", stat({ size: 10 })],
      ["link", stat({ kind: "link", size: 1 })],
    ]),
    known,
  );
  expect([...plan.known.keys()]).toEqual(["same"]);
  expect(plan.files).toEqual(["size", "mtime", "ctime", "inode", "mode", "new"]);
  expect(plan.links).toEqual(["link"]);
  expect(plan.bytes).toBe(4 + 3 + 3 + 3 + 3 + 10 + 1);
});

test("[CK11] what changed within two seconds of the checkpoint is not believed the next time", () => {
  const files = cache({
    old: stat(),
    "just written": stat({ mtime: 8500, ctime: 8500 }),
    "just renamed": stat({ ctime: 8500 }),
    "from the future": stat({ mtime: 99000 }),
  });
  expect([...believable(files, 10_000).keys()]).toEqual(["old"]);
});

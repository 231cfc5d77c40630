import { expect, test } from "vitest";
import { withRoomFor } from "./keep-blob.ts";

test("[RS13] a session has room for so many bytes and so many blobs", () => {
  const limits = { bytes: 100, count: 2 };
  const one = withRoomFor(undefined, 60, limits);
  expect(one).toEqual({ bytes: 60, count: 1 });
  expect(withRoomFor(one, 40, limits)).toEqual({ bytes: 100, count: 2 });
  expect(() => withRoomFor(one, 41, limits)).toThrow(/as much kept beside it/);
  expect(() => withRoomFor({ bytes: 0, count: 2 }, 0, limits)).toThrow(/as much kept beside it/);
  expect(() => withRoomFor({ bytes: 512 * 1024 * 1024, count: 1 }, 1)).toThrow(/as much kept beside it/);
});

import { expect, test } from "vitest";
import { namesOfWildcard, reachableUrl } from "./addresses.ts";

const v4 = { address: "10.0.0.5", family: "IPv4", netmask: "", mac: "", internal: false, cidr: null } as const;
const v6 = {
  address: "fe80::1",
  family: "IPv6",
  netmask: "",
  mac: "",
  internal: false,
  cidr: null,
  scopeid: 0,
} as const;
const machine = { interfaces: { eth0: [v4, v6] }, hostname: "box" };

test("a server on every address answers to the machine's names", () => {
  expect(namesOfWildcard("0.0.0.0", 4437, machine)).toEqual([
    "10.0.0.5:4437",
    "[fe80::1]:4437",
    "box:4437",
    "box.local:4437",
  ]);
});

test("a server on one address answers to no others", () => {
  expect(namesOfWildcard("127.0.0.1", 4437, machine)).toEqual([]);
});

test("what is printed can be opened on this machine", () => {
  expect(["http://0.0.0.0:1", "http://[::]:1", "http://127.0.0.1:1"].map(reachableUrl)).toEqual([
    "http://127.0.0.1:1",
    "http://[::1]:1",
    "http://127.0.0.1:1",
  ]);
});

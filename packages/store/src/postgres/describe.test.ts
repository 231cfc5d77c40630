import { expect, test } from "vitest";
import { describeAddress, explainRefusal } from "./describe.ts";

const URL = "postgres://me:s3cret@db.example:5433/team?sslmode=require";

test("[ST119] a database that cannot be used is named without its password, and the message says what to do", () => {
  expect(describeAddress(URL)).toBe("team on db.example:5433");
  expect(describeAddress("postgres://skein@/x?host=%2Ftmp%2Fpg")).toBe("x on /tmp/pg");
  const failures: [unknown, RegExp][] = [
    [
      Object.assign(new Error("connect"), { code: "ECONNREFUSED" }),
      /cannot be reached \(ECONNREFUSED\). Is it running/,
    ],
    [new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]), /ECONNREFUSED/],
    [
      Object.assign(new Error('password authentication failed for user "me"'), { code: "28P01" }),
      /refuses the sign-in/,
    ],
    [Object.assign(new Error("x"), { code: "3D000" }), /does not exist/],
    [Object.assign(new Error("x"), { code: "42501" }), /Grant it CREATE/],
    ["odd", /cannot be used: odd/],
  ];
  for (const [error, message] of failures) {
    const refusal = explainRefusal(URL, error);
    expect(refusal).toMatchObject({ code: "unavailable", message: expect.stringMatching(message) });
    expect(refusal.message).toContain("team on db.example:5433");
    expect(refusal.message).not.toContain("s3cret");
  }
  expect(() => describeAddress("mysql://me:s3cret@x/y")).toThrow(/postgres:\/\/USER/);
  expect(describeAddress("postgres://me:s3/cr@et@db/x")).toBe("x on db");
  expect(describeAddress("postgresql://db")).toBe("the default one on db");
  expect(() => describeAddress("me:s3cret@x")).toThrow(expect.not.stringContaining("s3cret"));
});

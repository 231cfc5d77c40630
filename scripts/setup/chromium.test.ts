import { expect, test } from "vitest";
import { findChromium, planChromium } from "./chromium.mjs";

test("a browser is the one that is named, or one in a usual place", () => {
  const exists = (path: string): boolean => path === "/usr/bin/chromium" || path === "/my/chrome";
  expect(findChromium({ env: {}, exists })).toBe("/usr/bin/chromium");
  expect(findChromium({ env: { SKEIN_CHROMIUM: "/my/chrome" }, exists })).toBe("/my/chrome");
  expect(findChromium({ env: { SKEIN_CHROMIUM: "/gone" }, exists })).toBeUndefined();
  expect(findChromium({ env: {}, exists: () => false })).toBeUndefined();
});

test("it is installed where that needs nobody's consent; elsewhere it says how", () => {
  expect(planChromium({ platform: "linux", uid: 0, hasApt: true })).toEqual({ kind: "apt" });
  expect(planChromium({ platform: "linux", uid: 1000, hasApt: true }).reason).toContain(
    "sudo apt-get install chromium",
  );
  expect(planChromium({ platform: "darwin", uid: 501, hasApt: false }).reason).toContain("brew");
  expect(planChromium({ platform: "linux", uid: 0, hasApt: false }).reason).toContain("SKEIN_CHROMIUM");
});

// The browser that the e2e tests drive: finds one, installs it where that needs nobody's consent, or says how.
import { existsSync } from "node:fs";
import { run } from "./run.mjs";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome-stable",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * The browser's path: `SKEIN_CHROMIUM` or a usual place.
 *
 * @param {{env?: Record<string, string | undefined>, exists?: (path: string) => boolean}} [deps]
 */
export function findChromium({ env = process.env, exists = existsSync } = {}) {
  if (env.SKEIN_CHROMIUM) return exists(env.SKEIN_CHROMIUM) ? env.SKEIN_CHROMIUM : undefined;
  return PLACES.find((path) => exists(path));
}

/** What can be done about a missing browser on this machine. */
export function planChromium({ platform, uid, hasApt }) {
  if (platform === "linux" && uid === 0 && hasApt) return { kind: "apt" };
  const how =
    platform === "darwin"
      ? "brew install --cask chromium"
      : hasApt
        ? "sudo apt-get install chromium"
        : "your system's package manager, or set SKEIN_CHROMIUM=/path/to/chromium";
  return { kind: "say", reason: `no Chromium found; install it with: ${how}` };
}

/** Resolves `{path}` or `{reason}`: then the e2e tests skip and say so. */
export async function provideChromium(log) {
  const found = findChromium();
  if (found !== undefined) return { path: found };
  const plan = planChromium({
    platform: process.platform,
    uid: process.getuid?.(),
    hasApt: existsSync("/usr/bin/apt-get"),
  });
  if (plan.kind === "say") return { reason: plan.reason };
  log("Installing Chromium for the browser tests (apt-get) …");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env, quiet: true });
  const { code, output } = await run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], {
    env,
    quiet: true,
  });
  const path = findChromium();
  if (code === 0 && path !== undefined) return { path };
  return { reason: `apt-get could not install Chromium: ${output.trim().split("\n").at(-1) ?? "no reason given"}` };
}

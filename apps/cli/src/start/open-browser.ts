import { spawn } from "node:child_process";

/** Opens the link in the person's browser. If that fails they still have the link. */
export function openBrowser(link: string, platform: NodeJS.Platform): void {
  const [command, ...args] = platform === "darwin" ? ["open", link] : ["xdg-open", link];
  if (command === undefined) return;
  const child = spawn(command, args, { detached: true, stdio: "ignore" });
  child.once("error", () => {});
  child.unref();
}

import type { NetworkInterfaceInfo } from "node:os";

export interface Machine {
  readonly interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
  readonly hostname: string;
}

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * The names (`host:port`) by which others reach a server that listens on every address: the machine's name and its
 * addresses. None for any other host, and none when the port is not known yet.
 */
export function namesOfWildcard(host: string, port: number, machine: Machine): string[] {
  if (!WILDCARDS.has(host) || port === 0) return [];
  const addresses = Object.values(machine.interfaces).flatMap((infos = []) =>
    infos.map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address)),
  );
  return [...new Set([...addresses, machine.hostname, `${machine.hostname}.local`])].map((name) => `${name}:${port}`);
}

/** An address that a browser on this machine can open: every address is written as the loopback's. */
export function reachableUrl(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

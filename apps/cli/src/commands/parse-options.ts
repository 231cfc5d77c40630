import { isAbsolute } from "node:path";
import { InvalidArgumentError } from "commander";

/** Parsers of option values. What they refuse is a usage error: exit 2. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 0 to 65535 (0: any free one).");
}

export function parseCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number above 0 is needed.");
}

export function parseJsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("It is not valid JSON.");
  }
}

/** Collects repeated `name=value` options. */
export function collectTags(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("A tag is written NAME=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** The origin of an address. */
export function parsePublicUrl(text: string): string {
  if (!URL.canParse(text)) throw new InvalidArgumentError("It is not an address such as https://skein.example.com.");
  const { protocol, origin, pathname } = new URL(text);
  if (!/^https?:$/.test(protocol)) throw new InvalidArgumentError("Only http and https will do.");
  if (pathname !== "/") throw new InvalidArgumentError("An address without a path is needed.");
  return origin;
}

/** A folder on other machines, and where it is on this one. */
export interface DirectoryPair {
  readonly from: string;
  readonly to: string;
}

/** Collects repeated `/there=/here` options. */
export function collectPairs(text: string, before: readonly DirectoryPair[] = []): readonly DirectoryPair[] {
  const at = text.indexOf("=");
  const [from, to] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && from.startsWith("/") && isAbsolute(to)) return [...before, { from, to }];
  throw new InvalidArgumentError("Two absolute folders are needed: /THERE=/HERE.");
}

import { PREFIX } from "@skein/protocol";
import { z } from "zod";

const health = z.looseObject({ status: z.string(), version: z.string() });
const PATIENCE_MS = 1500;

/** The answer of a Skein at this address; `undefined` when none answers there. */
export async function probeHealth(url: string): Promise<{ readonly version: string } | undefined> {
  try {
    const response = await fetch(`${url}${PREFIX}/health`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: "error",
    });
    const parsed = health.safeParse(await response.json());
    return parsed.success ? { version: parsed.data.version } : undefined;
  } catch {
    return undefined;
  }
}

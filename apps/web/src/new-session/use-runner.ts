import type { RunnerInfo } from "@skein/protocol";
import { useSkein } from "@skein/react";
import { useCallback, useEffect, useState } from "react";
import type { z } from "zod";

export type Loaded<T> =
  | { readonly kind: "loading" }
  | { readonly kind: "ready"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown };

/** Loads whenever `load` is another function; what came of an older one is dropped. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ kind: "loading" });
  useEffect(() => {
    const gone = new AbortController();
    setLoaded({ kind: "loading" });
    load(gone.signal).then(
      (value) => gone.signal.aborted || setLoaded({ kind: "ready", value }),
      (error: unknown) => gone.signal.aborted || setLoaded({ kind: "failed", error }),
    );
    return () => gone.abort();
  }, [load]);
  return loaded;
}

/** The machines that can run coders now. */
export function useRunners(): Loaded<readonly RunnerInfo[]> {
  const { client } = useSkein();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const runners = await client.listRunners({ signal });
      return runners.filter(({ online, types }) => online && types.includes("coder"));
    },
    [client],
  );
  return useLoaded(load);
}

/** An answer of a runner, checked. */
export function useRunnerCall<S extends z.ZodType>(
  runner: string | undefined,
  method: string,
  params: string,
  schema: S,
): Loaded<z.output<S>> {
  const { client } = useSkein();
  const load = useCallback(
    async (signal: AbortSignal): Promise<z.output<S>> => {
      if (runner === undefined) return new Promise(() => undefined);
      return schema.parse(await client.call(runner, { method, params: JSON.parse(params) }, { signal }));
    },
    [client, runner, method, params, schema],
  );
  return useLoaded(load);
}

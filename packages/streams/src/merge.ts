/**
 * Several generators as one, in the order in which they have something; of each at most one item waits. Ends when all
 * have ended; ending it ends them.
 */
export async function* merge<T>(
  sources: readonly AsyncGenerator<T, void, undefined>[],
): AsyncGenerator<T, void, undefined> {
  type Turn = { readonly source: AsyncGenerator<T, void, undefined>; readonly result: IteratorResult<T, void> };
  const ready: Turn[] = [];
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  const ask = async (source: AsyncGenerator<T, void, undefined>) => {
    try {
      ready.push({ source, result: await source.next() });
    } catch (error) {
      failure = { error };
    }
    wake();
  };
  for (const source of sources) void ask(source);
  let open = sources.length;
  try {
    while (open > 0) {
      if (failure !== undefined) throw failure.error;
      const turn = ready.shift();
      if (turn === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (turn.result.done === true) {
        open--;
      } else {
        yield turn.result.value;
        void ask(turn.source);
      }
    }
  } finally {
    for (const source of sources) source.return().catch(() => undefined);
  }
}

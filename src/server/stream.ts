/**
 * The values of `source`, mapped, until it ends, the reader returns or `signal` aborts. Then the
 * source is returned at once, even while its next value is awaited, and `ended` runs, once.
 * A source or a `map` that throws ends with what `failed` makes of it, and one that `signal` ends with what
 * `cut` has to say.
 */
export function endableStream<T, R>(
  source: AsyncGenerator<T, unknown, unknown>,
  options: {
    readonly map: (value: T) => R;
    readonly failed: (error: unknown) => R;
    /** Null when there is nobody to say it to. */
    readonly cut: () => R | null;
    readonly signal: AbortSignal;
    readonly ended: () => void;
  },
): AsyncGenerator<R, void, void> {
  const { map, failed, cut, signal, ended } = options;
  const over: IteratorReturnResult<void> = { done: true, value: undefined };
  let isOver = false;
  let last: R | null = null;
  let releaseReader: (() => void) | undefined;

  const end = () => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener('abort', abort);
    releaseReader?.();
    source.return(undefined).catch(() => {
      // The source failed while closing; its reader has left already.
    });
    ended();
  };
  const abort = () => {
    last = cut();
    end();
  };
  const ending = (): IteratorResult<R, void> => {
    const value = last;
    last = null;
    return value === null ? over : { done: false, value };
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  const next = () =>
    new Promise<IteratorResult<R, void>>((resolve) => {
      if (isOver) return resolve(ending());
      releaseReader = () => resolve(ending());
      source
        .next()
        .then((step) => {
          if (isOver) return;
          if (!step.done) return resolve({ done: false, value: map(step.value) });
          end();
        })
        .catch((error: unknown) => {
          if (isOver) return;
          resolve({ done: false, value: failed(error) });
          end();
        });
    });

  return {
    next,
    return: async () => {
      end();
      return over;
    },
    throw: async () => {
      end();
      return over;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => end(),
  };
}

/** `first`, then the rest; closing it closes the rest even before it was read. */
export function startingWith<T>(
  first: T,
  rest: AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  let isFirst = true;
  return {
    next: async () => {
      if (!isFirst) return rest.next();
      isFirst = false;
      return { done: false, value: first };
    },
    return: () => rest.return(),
    throw: (error) => rest.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await rest.return()),
  };
}

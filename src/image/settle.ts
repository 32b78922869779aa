/**
 * Waits until all have ended. When one fails the others are aborted through `giveUp`; then throws what came first.
 */
export async function settle(all: readonly Promise<unknown>[], giveUp: AbortController): Promise<void> {
  let failed = false;
  let first: unknown;
  const watched = all.map((one) =>
    one.catch((error: unknown) => {
      if (!failed) first = error;
      failed = true;
      giveUp.abort(error);
    }),
  );
  await Promise.all(watched);
  if (failed) throw first;
}

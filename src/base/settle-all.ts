/**
 * As `Promise.all`, but waits for all of them also when one fails: whoever cleans up then finds nobody still making
 * things. Rejects with the first reason, in the order given.
 */
export async function settleAll<T extends readonly unknown[]>(
  works: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const settled = await Promise.allSettled(works);
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  return await Promise.all(works);
}

/** Calls `handler` with how often the user asked to stop (Ctrl-C, SIGTERM), until disposed. */
export function onInterrupt(handler: (count: number) => void): Disposable {
  let count = 0;
  const listener = (): void => {
    count += 1;
    handler(count);
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return {
    [Symbol.dispose]: () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    },
  };
}

/** What a command that the user stopped ends with. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

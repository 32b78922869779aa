/** Those that Docker passes on to the container. */
const forwarded = [
  ...(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGTSTP"] as const),
  ...(["SIGALRM", "SIGVTALRM", "SIGWINCH"] as const),
];

/** Passes this process's signals on, by name, until disposed. */
export function forwardSignals(send: (signal: string) => Promise<void>): Disposable {
  const pass = (signal: NodeJS.Signals) => {
    // A container that has ended has no use for it.
    send(signal).catch(() => undefined);
  };
  for (const signal of forwarded) process.on(signal, pass);
  return {
    [Symbol.dispose]: () => {
      for (const signal of forwarded) process.off(signal, pass);
    },
  };
}

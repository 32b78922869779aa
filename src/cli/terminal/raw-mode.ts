import { constants } from "node:os";

/** Whether this process's input is a terminal. */
export function inputIsTerminal(): boolean {
  return process.stdin.isTTY === true;
}

/** Bytes as they are typed. */
export function typedBytes(): AsyncIterable<Uint8Array> {
  return process.stdin;
}

/** Sends every key to us unprocessed until disposed; a signal that ends the process restores the terminal first. */
export function rawMode(): Disposable {
  const restore = () => {
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  };
  const fatal = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const;
  const die = (signal: NodeJS.Signals) => {
    restore();
    process.exit(128 + constants.signals[signal]);
  };
  process.stdin.setRawMode(true);
  process.once("exit", restore);
  for (const signal of fatal) process.on(signal, die);
  return {
    [Symbol.dispose]: () => {
      process.off("exit", restore);
      for (const signal of fatal) process.off(signal, die);
      process.stdin.pause();
      restore();
    },
  };
}

import { constants } from "node:os";

/** Whether this process's input is a terminal. */
export function inputIsTerminal(): boolean {
  return process.stdin.isTTY === true;
}

/** Bytes as they are typed. */
export function typedBytes(): AsyncIterable<Uint8Array> {
  return process.stdin;
}

const input = 0;
/** More than any `struct termios` takes. */
const termiosSize = 256;

/**
 * Sends every key to us and every byte to the terminal unprocessed until disposed; a signal that ends the process
 * restores the terminal first. The runtime's own raw mode still turns line feeds into two characters, which the
 * container's terminal has done already.
 */
export async function rawMode(): Promise<Disposable> {
  const { dlopen, FFIType } = await import("bun:ffi");
  const { symbols, close } = dlopen("libc.so.6", {
    tcgetattr: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    tcsetattr: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    cfmakeraw: { args: [FFIType.ptr], returns: FFIType.void },
  });
  const before = new Uint8Array(termiosSize);
  if (symbols.tcgetattr(input, before) !== 0) throw new Error("cannot read the terminal's settings");
  const raw = before.slice();
  symbols.cfmakeraw(raw);
  const now = 0;
  const restore = () => void symbols.tcsetattr(input, now, before);
  const release = untilDeath(restore);
  symbols.tcsetattr(input, now, raw);
  return {
    [Symbol.dispose]: () => {
      release();
      process.stdin.pause();
      restore();
      close();
    },
  };
}

/** Runs `restore` before this process ends, by a signal too; call what is returned when that is no longer needed. */
function untilDeath(restore: () => void): () => void {
  const fatal = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const;
  const die = (signal: NodeJS.Signals) => {
    restore();
    process.exit(128 + constants.signals[signal]);
  };
  process.once("exit", restore);
  for (const signal of fatal) process.on(signal, die);
  return () => {
    process.off("exit", restore);
    for (const signal of fatal) process.off(signal, die);
  };
}

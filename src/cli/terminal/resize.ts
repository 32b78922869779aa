import type { TerminalSize } from "../../client/index.ts";
import type { Output } from "../output.ts";

/** The size of the terminal behind this output; undefined when there is none. */
export async function terminalSize(out: Output): Promise<TerminalSize | undefined> {
  const info = await out.terminal();
  return info && { height: info.rows, width: info.columns };
}

/** Tells `resize` the terminal's size now and whenever it changes, until disposed. A failure is left for later. */
export async function followResize(
  out: Output,
  resize: (size: TerminalSize) => Promise<void>,
): Promise<Disposable> {
  const tell = async () => {
    const size = await terminalSize(out);
    // The process may have ended meanwhile, which is told elsewhere.
    if (size) await resize(size).catch(() => undefined);
  };
  const changed = () => void tell();
  process.on("SIGWINCH", changed);
  await tell();
  return { [Symbol.dispose]: () => void process.off("SIGWINCH", changed) };
}

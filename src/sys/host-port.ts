import { library } from "./library.ts";
import { check } from "./system-error.ts";

/** A host port held by a bound socket; dispose it to give the port back. */
export interface HeldPort extends Disposable {
  readonly port: number;
}

/**
 * Binds a TCP or UDP port (0: a free one of the kernel's choice) at an IPv4 address in the current namespace. The
 * socket neither listens nor reads: it only keeps others off. Throws `conflict` (EADDRINUSE) when it is taken.
 */
export function holdPort(protocol: "tcp" | "udp", address: string, port: number): HeldPort {
  const bytes = new Uint8Array(address.split(".").map(Number));
  const inNetworkOrder = new Uint32Array(bytes.buffer)[0] ?? 0;
  const bound = new Int32Array(1);
  const number = protocol === "tcp" ? 6 : 17;
  const subject = `${address}:${port}/${protocol}`;
  const fd = check(library().gantry_port_bind(number, inNetworkOrder, port, bound), "bind", subject);
  return { port: bound[0] ?? 0, [Symbol.dispose]: () => void library().gantry_close(fd) };
}

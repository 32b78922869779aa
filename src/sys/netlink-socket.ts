import { close, write } from "node:fs";
import { library } from "./library.ts";
import { check, hasCode } from "./system-error.ts";

/** Netlink families. */
export const netlinkProtocols = { route: 0, netfilter: 12 } as const;

/** A netlink socket of the namespace in which it was opened. Dispose it to close. */
export interface NetlinkSocket extends Disposable {
  readonly fd: number;
  /**
   * Sends one buffer of messages and returns the bytes of all answers until `answers` of them have ended (each
   * message with NLM_F_ACK or NLM_F_DUMP has one end).
   */
  transact(request: Uint8Array, answers: number): Uint8Array;
  /**
   * The same, but the kernel's work is done on another thread: for requests that wait in the kernel, such as
   * deleting a link.
   */
  transactInBackground(request: Uint8Array, answers: number): Promise<Uint8Array>;
  /** Closes the socket on another thread: the kernel may make the closer of a firewall socket wait. */
  closeInBackground(): void;
}

/** Room for one answer with data, and for what each request is acknowledged with. */
const baseRoom = 8 * 1024;
const roomPerAnswer = 256;
const smallestDump = 64 * 1024;
const largest = 64 * 1024 * 1024;

/** Opens a netlink socket in the current namespace. */
export function openNetlink(protocol: number): NetlinkSocket {
  const fd = check(library().gantry_netlink_open(protocol), "open netlink socket", String(protocol));
  return {
    fd,
    transact: (request, answers) => transact(fd, request, answers),
    transactInBackground: async (request, answers) => {
      await writeAway(fd, request);
      return transact(fd, new Uint8Array(0), answers);
    },
    closeInBackground: () => close(fd, () => undefined),
    [Symbol.dispose]: () => void library().gantry_close(fd),
  };
}

/**
 * Runs a dump on a fresh socket of the current namespace: the answer's size is unknown, and a socket whose answer
 * did not fit is lost, so each try has its own.
 */
export function dumpNetlink(protocol: number, request: Uint8Array): Uint8Array {
  for (let capacity = smallestDump; ; capacity *= 4) {
    using socket = openNetlink(protocol);
    try {
      return transact(socket.fd, request, 1, capacity);
    } catch (error) {
      if (!hasCode(error, "EMSGSIZE") || capacity >= largest) throw error;
    }
  }
}

function transact(
  fd: number,
  request: Uint8Array,
  answers: number,
  capacity = baseRoom + answers * roomPerAnswer,
): Uint8Array {
  const response = new Uint8Array(capacity);
  // An empty array has no address; the native side ignores the pointer when the length is 0.
  const bytes = request.length > 0 ? request : response;
  const length = library().gantry_netlink_transact(fd, bytes, request.length, answers, response, capacity);
  return response.subarray(0, check(length, "use netlink", "socket"));
}

function writeAway(fd: number, request: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    write(fd, request, 0, request.length, null, (error) => (error ? reject(error) : resolve()));
  });
}

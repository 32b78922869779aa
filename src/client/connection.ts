import { codeOf } from "../base/index.ts";
import type { Host } from "./host.ts";
import { Inbox } from "./inbox.ts";

/** One byte stream to an engine. Whoever dialled closes it. */
export interface Connection {
  /** Sends bytes; settles when the transport takes more. Rejects once the connection is lost. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes, or undefined after the peer has finished. Rejects once the connection is lost. */
  read(): Promise<Uint8Array | undefined>;
  /** Says that nothing more will be written; reading goes on. */
  end(): void;
  /** Drops the connection at once. */
  close(): void;
  /** True once the peer has finished or the connection is lost: of no use for another request. */
  readonly ended: boolean;
  /** Whether the connection keeps the process alive. */
  hold(on: boolean): void;
}

/** Opens a connection; rejects with the system's error. */
export type Dial = (host: Host) => Promise<Connection>;

/** Dials through `node:net`, which every runtime has. */
export const dialNode: Dial = async (host) => {
  const net = await import("node:net");
  const where = host.kind === "unix" ? { path: host.path } : { host: host.hostname, port: host.port };
  const socket = net.connect({ ...where, allowHalfOpen: true });
  const inbox = new Inbox({ pause: () => socket.pause(), resume: () => socket.resume() });
  socket.on("data", (chunk: Uint8Array) => inbox.push(chunk));
  socket.on("end", () => inbox.end());
  socket.on("error", (error) => inbox.fail(error));
  socket.on("close", () => inbox.end());
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    read: () => inbox.read(),
    end: () => void socket.end(),
    close: () => void socket.destroy(),
    get ended() {
      return inbox.ended;
    },
    hold: (on) => void (on ? socket.ref() : socket.unref()),
  };
};

/** True for an error that says that nobody listens at the host. */
export function isNobodyThere(error: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(codeOf(error) ?? "");
}

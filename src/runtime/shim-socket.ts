import { open } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { codeOf, EngineError, isKind } from "../base/index.ts";

/** A refusal by the shim, in its own words or those of the runtime. */
export class ShimRefusal extends Error {
  override readonly name = "ShimRefusal";
}

/** What stands behind the tag of a reply: `ok` with its values, or `error`. */
export type ReplyValues = ReadonlyMap<string, string>;

/** True for what a connection to a shim that is gone, or goes meanwhile, fails with. */
export function isGone(error: unknown): boolean {
  if (isKind(error, "conflict")) return true;
  return ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(codeOf(error) ?? "");
}

const socketName = "shim.sock";
/** Room in a unix address, minus the final NUL. */
const longestAddress = 107;

/** Connects to the shim of a bundle; rejects with a system error when none listens. */
export async function connectShim(bundle: string): Promise<Socket> {
  const path = join(bundle, socketName);
  if (Buffer.byteLength(path) <= longestAddress) return await connectPath(path);
  await using directory = await open(bundle, "r");
  return await connectPath(`/proc/self/fd/${directory.fd}/${socketName}`);
}

async function connectPath(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  // The shim ends a stream only when all is over, so its end may end our side too; ours alone leaves its open.
  const socket = connect({ path });
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.off("error", reject);
    // A stream that breaks closes; whoever reads it sees that.
    socket.on("error", () => {});
    resolve(socket);
  });
  return await promise;
}

/**
 * Sends a request on a fresh connection that the shim turns into a stream, and waits for the reply. What follows
 * the reply is left in the socket. Throws `ShimRefusal`, `conflict` when the shim went away, `unavailable` when it
 * does not answer in time.
 */
export async function openStream(
  bundle: string,
  request: string,
  patience: number,
): Promise<{ socket: Socket; values: ReplyValues }> {
  const socket = await connectShim(bundle);
  try {
    socket.write(`1 ${request}\n`);
    const values = parseReply(await readLine(socket, patience));
    return { socket, values };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** What a shim that does not answer in time is told of with. */
export function silence(patience: number): EngineError {
  return new EngineError("unavailable", `its supervisor has not answered for ${patience / 1000} s`, {
    subject: "shim",
  });
}

async function readLine(socket: Socket, patience: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let seen = Buffer.alloc(0);
  const onReadable = () => {
    for (;;) {
      const chunk: unknown = socket.read();
      if (!(chunk instanceof Uint8Array)) return;
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\n");
      if (end < 0) continue;
      socket.off("readable", onReadable);
      const rest = seen.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      resolve(seen.toString("utf8", 0, end));
      return;
    }
  };
  const onEnd = () =>
    reject(new EngineError("conflict", "The container is not running", { subject: "shim" }));
  const timer = setTimeout(() => reject(silence(patience)), patience);
  socket.on("readable", onReadable);
  socket.once("end", onEnd);
  socket.once("close", onEnd);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
  }
}

/** Splits `<tag> ok key=value …` or throws the refusal that `<tag> error <text>` carries. */
export function parseReply(line: string): ReplyValues {
  const [, status, ...words] = line.split(" ");
  if (status === "ok") return parseValues(words);
  throw new ShimRefusal(decodeText(words[0] ?? ""));
}

/** `key=value` words. */
export function parseValues(words: readonly string[]): ReplyValues {
  return new Map(
    words.map((word) => {
      const at = word.indexOf("=");
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/** Percent-encoded bytes, which need not be valid UTF-8. */
function decodeText(text: string): string {
  const bytes = text.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

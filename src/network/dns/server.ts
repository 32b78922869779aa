import { EngineError } from "../../base/index.ts";
import { withNetworkNamespace } from "../../sys/index.ts";
import { parseAddress } from "../ipv4.ts";
import {
  addressIs,
  Batch,
  destinationPortIs,
  isBeyond,
  openNftSocket,
  protocolIs,
  translateTo,
  verdict,
} from "../nftables/index.ts";
import { embeddedServer } from "../resolv-conf.ts";
import { firstFrame, frame } from "./ask.ts";

/** Answers one query, or gives nothing to stay silent. */
export type QueryHandler = (query: Uint8Array, protocol: "udp" | "tcp") => Promise<Uint8Array | undefined>;

interface Connection {
  received: Uint8Array;
  unsent: Uint8Array;
}

const idleSeconds = 10;
const mostConnections = 64;
/** What one container may ask; answering takes some tens of microseconds of the engine's main thread. */
const mostQueriesPerSecond = 4000;
const largestMessage = 65_537;

/**
 * Serves DNS at 127.0.0.11, port 53, of the namespace at `path`, UDP and TCP. The sockets have ports of the
 * kernel's choice and the namespace's own firewall leads port 53 there, so programs inside can still have a port
 * 53 of theirs. Dispose it to close the sockets.
 */
export function openDnsServer(path: string, handle: QueryHandler): Disposable {
  return withNetworkNamespace(path, () => {
    using undo = new DisposableStack();
    const udp = undo.adopt(listenUdp(handle), (socket) => socket.close());
    const tcp = undo.adopt(listenTcp(handle), (listener) => listener.stop(true));
    redirect({ udp: udp.port, tcp: tcp.port });
    return undo.move();
  });
}

function listenUdp(handle: QueryHandler) {
  const opening = Bun.udpSocket({
    hostname: embeddedServer,
    port: 0,
    socket: {
      data: (socket, query, port, address) => {
        handle(query, "udp").then(
          (answer) => {
            if (answer && !socket.closed) socket.send(answer, port, address);
          },
          () => undefined,
        );
      },
    },
  });
  // The socket is made at once; only its promise comes later, when this thread has left the namespace.
  const socket = Bun.peek(opening);
  if (Bun.peek.status(opening) === "fulfilled" && !(socket instanceof Promise)) return socket;
  opening.then(
    (late) => late.close(),
    () => undefined,
  );
  throw new EngineError("internal", "Cannot open a resolver inside a namespace", {
    subject: embeddedServer,
    cause: socket,
  });
}

function listenTcp(handle: QueryHandler) {
  let connections = 0;
  return Bun.listen<Connection>({
    hostname: embeddedServer,
    port: 0,
    socket: {
      open: (socket) => {
        connections += 1;
        socket.data = { received: new Uint8Array(0), unsent: new Uint8Array(0) };
        socket.timeout(idleSeconds);
        if (connections > mostConnections) socket.terminate();
      },
      close: () => {
        connections -= 1;
      },
      data: (socket, bytes) => {
        socket.data.received = Buffer.concat([socket.data.received, bytes]);
        if (socket.data.received.length > 4 * largestMessage) socket.terminate();
        else answerAll(socket, handle);
      },
      drain: flush,
      timeout: (socket) => socket.terminate(),
    },
  });
}

function answerAll(socket: Bun.Socket<Connection>, handle: QueryHandler): void {
  for (;;) {
    const query = firstFrame(socket.data.received);
    if (!query) return;
    socket.data.received = socket.data.received.subarray(2 + query.length);
    handle(query, "tcp").then(
      (answer) => {
        if (!answer) return;
        socket.data.unsent = Buffer.concat([socket.data.unsent, frame(answer)]);
        flush(socket);
      },
      () => undefined,
    );
  }
}

function flush(socket: Bun.Socket<Connection>): void {
  const written = socket.write(socket.data.unsent);
  if (written > 0) socket.data.unsent = socket.data.unsent.subarray(written);
}

/** In place of the rules of an earlier engine, which lead to sockets that live no more. */
function redirect(ports: { udp: number; tcp: number }): void {
  const chain = "output";
  const limits = "limits";
  const batch = new Batch("gantry_dns");
  batch.addTable();
  batch.deleteTable();
  batch.addTable();
  batch.addChain(chain, { type: "nat", hook: "output", priority: -100 });
  const address = parseAddress(embeddedServer) ?? 0;
  for (const protocol of ["udp", "tcp"] as const) {
    batch.addRule(
      chain,
      addressIs("destination", address),
      protocolIs(protocol),
      destinationPortIs(53),
      translateTo({ address, port: ports[protocol] }),
    );
  }
  // On the way in: a drop on the way out would reach the sender as an error, not as a loss.
  batch.addChain(limits, { type: "filter", hook: "input", priority: 0 });
  batch.addRule(
    limits,
    addressIs("destination", address),
    protocolIs("udp"),
    destinationPortIs(ports.udp),
    isBeyond(mostQueriesPerSecond),
    verdict({ kind: "drop" }),
  );
  using nft = openNftSocket();
  nft.commit(batch);
}

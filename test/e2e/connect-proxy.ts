import { createServer } from "node:http";
import { connect } from "node:net";

/** A proxy for TLS: it opens tunnels to where its table says, and to nowhere else. */
export interface ConnectProxy extends AsyncDisposable {
  readonly url: string;
  /** What was asked for: `registry.test:443`. */
  readonly asked: string[];
}

/** `tunnels` names hosts with ports, and what they stand for on 127.0.0.1. */
export async function startConnectProxy(tunnels: Readonly<Record<string, number>>): Promise<ConnectProxy> {
  const asked: string[] = [];
  const server = createServer((_request, response) => response.writeHead(501).end());
  server.on("connect", (request, client) => {
    const target = request.url ?? "";
    asked.push(target);
    const port = tunnels[target];
    if (port === undefined) return void client.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy does not listen");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

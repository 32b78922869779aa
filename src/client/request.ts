/** Values of a query; undefined is left out, a list repeats the key, true is `1`. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface EngineRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Without version and query; variable parts already encoded, see `segment`. */
  readonly path: string;
  readonly query?: Query | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, chunked. */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A name or ID as one part of a path. Image names keep their slashes and colons, as Docker's paths have them. */
export function segment(name: string): string {
  return encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@");
}

/** The query with its question mark, or nothing. */
export function formatQuery(query: Query = {}): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === "object" ? value : [value]) {
      parts.push(`${encodeURIComponent(key)}=${encodeURIComponent(queryText(one))}`);
    }
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Head and, for JSON, body of the request: what goes out in the first write. */
export function encodeRequest(request: EngineRequest, where: { host: string; prefix: string }): Uint8Array {
  const target = `${where.prefix}${request.path}${formatQuery(request.query)}`;
  const lines = [`${request.method} ${target} HTTP/1.1`, `Host: ${where.host}`, "User-Agent: gantry"];
  for (const [name, value] of Object.entries(request.headers ?? {})) lines.push(`${name}: ${value}`);
  const json = request.json === undefined ? undefined : JSON.stringify(request.json);
  if (json !== undefined) lines.push("Content-Type: application/json");
  if (request.body) lines.push("Transfer-Encoding: chunked");
  else if (json !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(json)}`);
  else if (request.method === "POST" || request.method === "PUT") lines.push("Content-Length: 0");
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${json ?? ""}`, "utf8");
}

/** One chunk of a chunked body. An empty one must not be sent: it would end the body. */
export function encodeChunk(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const lastChunk: Uint8Array = new TextEncoder().encode("0\r\n\r\n");

function queryText(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return String(value);
}

import type { ExecCreateRequest, ExecInspect } from "../wire/index.ts";
import type { Cancel, TerminalSize } from "./options.ts";
import type { RawStream } from "./raw-stream.ts";
import { segment } from "./request.ts";
import type { Transport } from "./transport.ts";

export interface ExecStartOptions extends Cancel {
  readonly tty?: boolean | undefined;
  readonly size?: TerminalSize | undefined;
}

/** More processes in running containers. */
export interface ExecsClient {
  create(container: string, request: ExecCreateRequest, options?: Cancel): Promise<{ Id: string }>;
  /** Starts the process and takes its streams. */
  start(id: string, options?: ExecStartOptions): Promise<RawStream>;
  /** Starts the process and leaves it alone. */
  startDetached(id: string, options?: ExecStartOptions): Promise<void>;
  resize(id: string, size: TerminalSize, options?: Cancel): Promise<void>;
  inspect(id: string, options?: Cancel): Promise<ExecInspect>;
}

export function execsClient(transport: Transport): ExecsClient {
  const startRequest = (id: string, detach: boolean, { tty = false, size, signal }: ExecStartOptions) => ({
    method: "POST" as const,
    path: `/exec/${segment(id)}/start`,
    json: { Detach: detach, Tty: tty, ...(size ? { ConsoleSize: [size.height, size.width] } : {}) },
    signal,
  });
  return {
    create: (container, json, options = {}) =>
      transport.json({
        method: "POST",
        path: `/containers/${segment(container)}/exec`,
        json,
        signal: options.signal,
      }),
    start: (id, options = {}) => transport.hijack(startRequest(id, false, options)),
    startDetached: (id, options = {}) => transport.done(startRequest(id, true, options)),
    resize: (id, { height, width }, options = {}) =>
      transport.done({
        method: "POST",
        path: `/exec/${segment(id)}/resize`,
        query: { h: height, w: width },
        signal: options.signal,
      }),
    inspect: (id, options = {}) =>
      transport.json({ method: "GET", path: `/exec/${segment(id)}/json`, signal: options.signal }),
  };
}

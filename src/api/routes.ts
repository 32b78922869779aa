import { EngineError } from "../base/index.ts";
import type { Call, Reply } from "./call.ts";

export type Handler = (call: Call) => Promise<Reply> | Reply;

/** One entry of the table. In a path `{id}` is one segment, `{name...}` one or more. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly handler: Handler;
}

/** Shorthand for a table entry. */
export function route(method: string, path: string, handler: Handler): Route {
  return { method, path, handler };
}

interface Compiled extends Route {
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** Finds the handler of a request. Earlier entries win. */
export class Router {
  readonly #byMethod = new Map<string, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const entry of routes) {
      const list = this.#byMethod.get(entry.method) ?? [];
      list.push(compile(entry));
      this.#byMethod.set(entry.method, list);
    }
  }

  /** Throws `not-found` for an unknown path; what stands percent-encoded in a path is decoded. */
  match(method: string, path: string): { handler: Handler; params: Readonly<Record<string, string>> } {
    for (const entry of this.#byMethod.get(method) ?? []) {
      const match = entry.pattern.exec(path);
      if (!match) continue;
      const params = entry.names.map((name, at) => [name, decode(match[at + 1] ?? "")] as const);
      return { handler: entry.handler, params: Object.fromEntries(params) };
    }
    throw new EngineError("not-found", "page not found", { subject: path });
  }
}

function compile(entry: Route): Compiled {
  const names: string[] = [];
  const source = entry.path.replace(/\{(\w+)(\.\.\.)?\}/g, (_all, name: string, many?: string) => {
    names.push(name);
    return many ? "(.+)" : "([^/]+)";
  });
  return { ...entry, names, pattern: new RegExp(`^${source}/?$`) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new EngineError("invalid", `invalid URL escape in "${text}"`, { subject: text });
  }
}

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

/** Finds the handler of a request. Earlier entries win; those whose path begins with a parameter come last. */
export class Router {
  /** By method and first segment of the path; under `METHOD *` those that begin with a parameter. */
  readonly #entries = new Map<string, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const entry of routes) {
      const first = firstSegment(entry.path);
      const key = `${entry.method} ${first.startsWith("{") ? "*" : first}`;
      const list = this.#entries.get(key) ?? [];
      list.push(compile(entry));
      this.#entries.set(key, list);
    }
  }

  /** Throws `not-found` for an unknown path; what stands percent-encoded in a path is decoded. */
  match(method: string, path: string): { handler: Handler; params: Readonly<Record<string, string>> } {
    for (const entry of this.#candidates(method, path)) {
      const match = entry.pattern.exec(path);
      if (!match) continue;
      const params: Record<string, string> = {};
      for (const [at, name] of entry.names.entries()) params[name] = decode(match[at + 1] ?? "");
      return { handler: entry.handler, params };
    }
    throw new EngineError("not-found", "page not found", { subject: path });
  }

  #candidates(method: string, path: string): readonly Compiled[] {
    const own = this.#entries.get(`${method} ${firstSegment(path)}`) ?? [];
    const any = this.#entries.get(`${method} *`);
    return any ? [...own, ...any] : own;
  }
}

function firstSegment(path: string): string {
  const end = path.indexOf("/", 1);
  return path.slice(1, end < 0 ? undefined : end);
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
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new EngineError("invalid", `invalid URL escape in "${text}"`, { subject: text });
  }
}

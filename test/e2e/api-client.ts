import type { TestEngine } from "./harness.ts";

/** An answer of the API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What the text says where it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: the API's answers are looked into field by field
  readonly body: any;
}

/** Calls the engine's API as a program would: no command line between. `path` starts with a slash. */
export async function call(
  engine: TestEngine,
  method: string,
  path: string,
  options: {
    readonly json?: unknown;
    readonly text?: string;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const { json } = options;
  const sent = options.text ?? (json === undefined ? undefined : JSON.stringify(json));
  const response = await fetch(`http://engine${path}`, {
    unix: engine.socket,
    method,
    headers: { ...(sent === undefined ? {} : { "Content-Type": "application/json" }), ...options.headers },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const { status, headers } = response;
  const text = await response.text();
  const isJson = headers.get("content-type")?.startsWith("application/json") ?? false;
  return {
    status,
    headers,
    text,
    // Some answers of this type are lines of JSON, so nothing is parsed before it is asked for.
    get body() {
      return isJson && text !== "" ? JSON.parse(text) : text;
    },
  };
}

/** Creates a container by the API; throws unless it was created. */
export async function createByApi(
  engine: TestEngine,
  name: string,
  body: object,
  version = "1.51",
): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }> {
  const { status, body: answer } = await call(engine, "POST", `/v${version}/containers/create?name=${name}`, {
    json: body,
  });
  if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(answer)}`);
  return answer;
}

/** The first three numbers of a subnet that hardly any other test has: engines of the same machine must not overlap. */
export function someSubnet(): string {
  const [second = 0, third = 0] = crypto.getRandomValues(new Uint8Array(2));
  return `10.${100 + (second % 150)}.${third}`;
}

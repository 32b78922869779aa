import type { TestEngine } from "./harness.ts";

/** An answer of the API: its status and, where it is JSON, what it says. */
export interface Answer {
  readonly status: number;
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
  const { json, text } = options;
  const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
  const response = await fetch(`http://engine${path}`, {
    unix: engine.socket,
    method,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...options.headers },
    ...(body === undefined ? {} : { body }),
  });
  const answer = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return { status: response.status, body: isJson && answer !== "" ? JSON.parse(answer) : answer };
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

import { cut, splitCsv } from "./csv.ts";

interface Request {
  Driver?: string;
  Count?: number;
  DeviceIDs?: string[];
  Capabilities?: string[][];
  Options?: Record<string, string>;
}

/** Reads a `--gpus` flag: `all`, `2`, `device=0`, `count=2,driver=nvidia,capabilities=utility`. Throws in Docker's words. */
export function parseGpus(text: string): Request {
  const request: Request = {};
  const seen = new Set<string>();
  for (const field of splitCsv(text)) {
    const [key, value] = cut(field, "=");
    const name = value === undefined ? "count" : key;
    if (seen.has(name)) throw new Error(`gpu request key '${name}' can be specified only once`);
    seen.add(name);
    set(request, { name, value: value ?? key, field });
  }
  if (!seen.has("count") && request.DeviceIDs === undefined) request.Count = 1;
  request.Capabilities = [[...(request.Capabilities?.[0] ?? []).filter((name) => name !== "gpu"), "gpu"]];
  return request;
}

function set(
  request: Request,
  { name, value, field }: { readonly name: string; readonly value: string; readonly field: string },
): void {
  switch (name) {
    case "driver":
      request.Driver = value;
      return;
    case "count":
      request.Count = parseCount(value);
      return;
    case "device":
      request.DeviceIDs = value.split(",");
      return;
    case "capabilities":
      request.Capabilities = [value.split(",")];
      return;
    case "options":
      request.Options = Object.fromEntries(
        splitCsv(value)
          .map((pair) => cut(pair, "="))
          .map(([key, text]) => [key, text ?? ""]),
      );
      return;
    default:
      throw new Error(`unexpected key '${name}' in '${field}'`);
  }
}

function parseCount(text: string): number {
  if (text === "all") return -1;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new Error(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
}

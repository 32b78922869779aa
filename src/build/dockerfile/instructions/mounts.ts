import { messageOf, parseBytes } from "../../../base/index.ts";
import { parseError } from "../error.ts";
import type { Node } from "../parser/index.ts";
import { didYouMean } from "./suggest.ts";
import type { RunMount } from "./types.ts";

const targetKeys = ["target", "dst", "destination"];
const keys = [
  ...targetKeys,
  "type",
  "source",
  "src",
  "from",
  "ro",
  "readonly",
  "rw",
  "readwrite",
  "id",
].concat(["sharing", "mode", "uid", "gid", "size", "required", "env"]);

/** Reads `--mount=type=…,target=…` of RUN; throws `DockerfileError` at the flag. */
export function parseRunMount(node: Node, text: string): RunMount {
  const fields = readFields(node, text);
  const type = fields.get("type")?.toLowerCase() ?? "bind";
  if (type === "secret" || type === "ssh") {
    throw refuse(node, `mount type ${JSON.stringify(type)} is not supported yet`);
  }
  if (type !== "bind" && type !== "cache" && type !== "tmpfs") {
    throw refuse(node, `unsupported mount type ${JSON.stringify(type)}`);
  }
  const target = targetKeys.map((key) => fields.get(key)).find((value) => value !== undefined);
  if (!target) throw refuse(node, "invalid mount: target is missing", "Add target=/PATH to the flag.");
  const source = fields.get("source") ?? fields.get("src");
  const from = fields.get("from");
  const id = fields.get("id");
  const size = fields.get("size");
  return {
    type,
    target,
    ...(source === undefined ? {} : { source }),
    ...(from === undefined ? {} : { from }),
    ...(id === undefined ? {} : { id }),
    ...(size === undefined ? {} : { size: sizeOf(node, size) }),
    readonly: isReadonly(node, fields, type),
    sharing: sharingOf(node, fields.get("sharing") ?? "shared"),
    mode: numberOf(node, fields.get("mode") ?? "0755", 8),
    uid: numberOf(node, fields.get("uid") ?? "0", 10),
    gid: numberOf(node, fields.get("gid") ?? "0", 10),
  };
}

function readFields(node: Node, text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (!keys.includes(key)) {
      throw refuse(node, `unexpected key '${key}' in '${field}'${didYouMean(key, keys)}`);
    }
    fields.set(key, equals < 0 ? "true" : field.slice(equals + 1));
  }
  return fields;
}

function isReadonly(node: Node, fields: ReadonlyMap<string, string>, type: string): boolean {
  const readonly = fields.get("ro") ?? fields.get("readonly");
  const writable = fields.get("rw") ?? fields.get("readwrite");
  for (const value of [readonly, writable]) {
    if (value !== undefined && value !== "true" && value !== "false") {
      throw refuse(node, `invalid value for a mount's access: ${value}`, "Write true or false.");
    }
  }
  if (readonly !== undefined) return readonly === "true";
  if (writable !== undefined) return writable === "false";
  return type === "bind";
}

function sharingOf(node: Node, value: string): RunMount["sharing"] {
  if (value === "shared" || value === "private" || value === "locked") return value;
  throw refuse(node, `unsupported sharing value ${JSON.stringify(value)}`, "Use shared, private or locked.");
}

function numberOf(node: Node, value: string, radix: 8 | 10): number {
  const valid = radix === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/;
  if (valid.test(value)) return Number.parseInt(value, radix);
  throw refuse(node, `invalid number ${JSON.stringify(value)} in a mount`);
}

function sizeOf(node: Node, value: string): number {
  try {
    return parseBytes(value);
  } catch (error) {
    throw refuse(node, messageOf(error));
  }
}

function refuse(node: Node, reason: string, hint?: string) {
  return parseError(reason, node.place("--mount"), hint);
}

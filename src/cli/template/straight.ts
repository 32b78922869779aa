import type { Node, Parsed } from "./nodes.ts";
import { isRecord, type Value } from "./values.ts";

/** Runs over one value; undefined when that needs all of the evaluator. */
export type StraightRun = (data: Value) => string | undefined;

/**
 * A quick way for templates that only put fields between pieces of text, as those of tables do, over values whose
 * fields are text: long lists would wait for the evaluator, which is still being compiled then. Undefined for others.
 */
export function straighten({ nodes }: Parsed): StraightRun | undefined {
  const parts: { readonly text: string; readonly field: string }[] = [];
  for (const node of nodes) {
    const field = node.kind === "text" ? "" : plainField(node);
    if (field === undefined) return undefined;
    parts.push({ text: node.kind === "text" ? node.text : "", field });
  }
  return (data) => {
    if (!isRecord(data)) return undefined;
    let out = "";
    for (const { text, field } of parts) {
      const value = field === "" ? text : Object.hasOwn(data, field) ? data[field] : undefined;
      if (typeof value !== "string") return undefined;
      out += value;
    }
    return out;
  };
}

/** The name in `{{.Name}}`. */
function plainField(node: Node): string | undefined {
  if (node.kind !== "output" || node.pipeline.variables.length > 0) return undefined;
  const [call, more] = node.pipeline.calls;
  if (!call || more || call.args.length > 0 || call.operand.kind !== "field") return undefined;
  return call.operand.fields.length === 1 ? call.operand.fields[0] : undefined;
}

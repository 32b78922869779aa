import { messageOf } from "../../base/index.ts";
import { functions } from "./functions.ts";
import { type Call, type Node, type Operand, type Parsed, type Pipeline, sourceOf } from "./nodes.ts";
import { isRecord, isTrue, show, showField, type Value } from "./values.ts";

/** How a field that is not there is met. Throws, or gives the value that stands for it. */
export type MissingField = (owner: Value, name: string) => Value;

/** Runs a parsed template over `data`; throws with Go's reason, `at <…>` included. */
export function evaluate(template: Parsed, data: Value, missing: MissingField): string {
  const { nodes, named } = template;
  const scope: Scope = {
    dot: data,
    variables: new Map([["$", data]]),
    parent: undefined,
    missing,
    named,
    depth: 0,
  };
  const out: string[] = [];
  run(nodes, scope, out);
  return out.join("");
}

/** As deep as templates may call each other. */
const deepest = 1000;

interface Scope {
  readonly dot: Value;
  readonly variables: Map<string, Value>;
  readonly parent: Scope | undefined;
  readonly missing: MissingField;
  readonly named: Parsed["named"];
  readonly depth: number;
}

/** A marker that a field was not there, which prints as Go prints it. */
const noValue = Symbol("no value");

/** What `MissingField` returns for a key that a map lacks. */
export function absent(): Value {
  return noValue;
}

type Flow = "go on" | "break" | "continue";

function run(nodes: readonly Node[], scope: Scope, out: string[]): Flow {
  for (const node of nodes) {
    const flow = runNode(node, scope, out);
    if (flow !== "go on") return flow;
  }
  return "go on";
}

function runNode(node: Node, scope: Scope, out: string[]): Flow {
  switch (node.kind) {
    case "text":
      out.push(node.text);
      return "go on";
    case "output": {
      const value = pipe(node.pipeline, scope);
      if (node.pipeline.variables.length === 0) out.push(printed(value, lastField(node.pipeline)));
      return "go on";
    }
    case "branch":
      return branch(node, inner(scope, scope.dot), out);
    case "template":
      callTemplate(node, scope, out);
      return "go on";
    case "break":
    case "continue":
      return node.kind;
  }
}

/** A named template sees its argument alone, as dot and as `$`. */
function callTemplate(node: Extract<Node, { kind: "template" }>, scope: Scope, out: string[]): void {
  const body = scope.named.get(node.name);
  const source = `{{template ${JSON.stringify(node.name)}}}`;
  if (!body)
    throw new TemplateFailure(`<${source}>: template ${JSON.stringify(node.name)} not defined`, node.at);
  if (scope.depth >= deepest) {
    throw new TemplateFailure(`<${source}>: exceeded maximum template depth (${deepest})`, node.at);
  }
  const dot = node.pipeline ? pipe(node.pipeline, scope) : undefined;
  run(
    body,
    { ...scope, dot, variables: new Map([["$", dot]]), parent: undefined, depth: scope.depth + 1 },
    out,
  );
}

function branch(node: Extract<Node, { kind: "branch" }>, scope: Scope, out: string[]): Flow {
  if (node.word === "range") return range(node, scope, out);
  const value = pipe(node.pipeline, scope);
  const yes = isTrue(value === noValue ? undefined : value);
  const dot = yes && node.word === "with" ? value : scope.dot;
  return run(yes ? node.body : node.otherwise, inner(scope, dot), out);
}

function range(node: Extract<Node, { kind: "branch" }>, scope: Scope, out: string[]): Flow {
  const { variables, ...plain } = node.pipeline;
  const entries = entriesOf(pipe({ ...plain, variables: [] }, scope));
  if (entries.length === 0) return run(node.otherwise, scope, out);
  for (const [key, value] of entries) {
    const turn = inner(scope, value);
    const [first, second] = variables;
    if (first !== undefined && second !== undefined) turn.variables.set(first, key).set(second, value);
    else if (first !== undefined) turn.variables.set(first, value);
    if (run(node.body, turn, out) === "break") break;
  }
  return "go on";
}

function entriesOf(value: Value): [Value, Value][] {
  if (value === undefined || value === null || value === noValue) return [];
  if (Array.isArray(value)) return value.map((item, index): [Value, Value] => [index, item]);
  if (typeof value === "number")
    return Array.from({ length: value }, (_, index): [Value, Value] => [index, index]);
  if (isRecord(value)) {
    return Object.keys(value)
      .sort()
      .map((key): [Value, Value] => [key, value[key]]);
  }
  throw new Error(`range can't iterate over ${show(value)}`);
}

function inner(parent: Scope, dot: Value): Scope {
  return { ...parent, dot, variables: new Map(), parent };
}

function pipe(pipeline: Pipeline, scope: Scope): Value {
  let value: Value;
  for (const [index, call] of pipeline.calls.entries()) {
    value = callValue(call, scope, index === 0 ? [] : [value]);
  }
  const [name] = pipeline.variables;
  if (name !== undefined && pipeline.declares) scope.variables.set(name, value);
  else if (name !== undefined) owner(scope, name).variables.set(name, value);
  return value;
}

function callValue(call: Call, scope: Scope, last: readonly Value[]): Value {
  const { operand, args } = call;
  if (operand.kind === "function") return callFunction(operand.name, call, { scope, last });
  if (operand.kind === "nil") throw failure(operand, "nil is not a command");
  const value = operandOf(operand, scope);
  if (typeof value === "function") {
    const given = [...args.map((arg) => operandValue(arg, scope)), ...last];
    checkCount(operand, value.length, given.length);
    return value(...given);
  }
  if (args.length > 0 && (operand.kind === "literal" || operand.kind === "dot")) {
    throw failure(operand, `can't give argument to non-function ${sourceOf(operand)}`);
  }
  if (args.length > 0 || last.length > 0) {
    throw failure(operand, `${sourceOf(operand)} has arguments but cannot be invoked as function`);
  }
  return value;
}

function callFunction(name: string, call: Call, at: { scope: Scope; last: readonly Value[] }): Value {
  const lazy = call.args.map((arg) => () => operandValue(arg, at.scope));
  const all = [...lazy, ...at.last.map((value) => () => value)];
  if (name === "and" || name === "or") return shortCircuit(name, all);
  const values = all.map((get) => get()).map((value) => (value === noValue ? undefined : value));
  try {
    return functions[name]?.(values);
  } catch (error) {
    const source = [name, ...call.args.map(sourceOf)].join(" ");
    throw failure(call.operand, messageOf(error), source);
  }
}

function shortCircuit(name: "and" | "or", values: readonly (() => Value)[]): Value {
  let value: Value;
  for (const get of values) {
    value = get();
    if (isTrue(value === noValue ? undefined : value) === (name === "or")) return value;
  }
  return value;
}

/** The value of an operand that stands for itself: a method is called without arguments. */
function operandValue(operand: Operand, scope: Scope): Value {
  const value = operandOf(operand, scope);
  if (typeof value !== "function") return value;
  checkCount(operand, value.length, 0);
  return value();
}

function checkCount(operand: Operand, wanted: number, given: number): void {
  if (wanted === given) return;
  const name = "fields" in operand ? (operand.fields.at(-1) ?? "") : "";
  throw failure(operand, `wrong number of args for ${name}: want ${wanted} got ${given}`);
}

function operandOf(operand: Operand, scope: Scope): Value {
  switch (operand.kind) {
    case "dot":
      return scope.dot;
    case "nil":
      return undefined;
    case "literal":
      return operand.value;
    case "field":
      return fields(scope.dot, operand, scope);
    case "variable":
      return fields(owner(scope, operand.name).variables.get(operand.name), operand, scope);
    case "group":
      return fields(pipe(operand.pipeline, scope), operand, scope);
    case "function":
      return functions[operand.name]?.([]);
  }
}

function fields(start: Value, operand: FieldOperand, scope: Scope): Value {
  let value = start;
  let absentName: string | undefined;
  for (const name of operand.fields) {
    if (absentName !== undefined)
      throw failure(operand, `map has no entry for key ${JSON.stringify(absentName)}`);
    if (value === undefined || value === null || value === noValue) {
      throw failure(operand, `nil pointer evaluating interface {}.${name}`);
    }
    if (["string", "number", "boolean"].includes(typeof value)) {
      throw failure(operand, `can't evaluate field ${name} in type ${goType(value)}`);
    }
    if (isRecord(value) && Object.hasOwn(value, name)) {
      value = value[name];
      continue;
    }
    try {
      value = scope.missing(value, name);
    } catch (error) {
      throw failure(operand, messageOf(error));
    }
    if (value === undefined) absentName = name;
  }
  return value;
}

function goType(value: Value): string {
  return typeof value === "boolean" ? "bool" : typeof value === "number" ? "int" : "string";
}

type FieldOperand = Extract<Operand, { fields: readonly string[] }>;

function owner(scope: Scope, name: string): Scope {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (at.variables.has(name)) return at;
  throw new Error(`undefined variable "${name}"`);
}

/** The name of the field that a pipeline prints as it is. */
function lastField({ calls }: Pipeline): string | undefined {
  const operand = calls.length === 1 ? calls[0]?.operand : undefined;
  return operand && "fields" in operand ? operand.fields.at(-1) : undefined;
}

function printed(value: Value, name: string | undefined): string {
  if (value === noValue) return "<no value>";
  if (value !== undefined && value !== null) return show(value, name);
  return name === undefined ? "<no value>" : showField(value, name);
}

/** A template that does not fit its data: Go's reason, and where in the template. */
export class TemplateFailure extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

function failure(operand: Operand, reason: string, source = sourceOf(operand)): TemplateFailure {
  return new TemplateFailure(`<${source}>: ${reason}`, "at" in operand ? operand.at : 0);
}

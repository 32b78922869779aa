import { parseError } from "../error.ts";
import type { Node } from "../parser/index.ts";
import { readFlags } from "./flags.ts";
import type {
  ArgInstruction,
  FromInstruction,
  OnbuildInstruction,
  PairsInstruction,
  TextInstruction,
  WordsInstruction,
} from "./types.ts";

export function parseFrom(node: Node): FromInstruction {
  const platform = readFlags(node, { platform: "text" }).text("platform");
  const [image = "", as, name] = node.args;
  const named = node.args.length === 3 && as?.toLowerCase() === "as";
  if (!named && node.args.length !== 1) {
    throw parseError(
      "FROM requires either one or three arguments",
      node.place(),
      "Write FROM IMAGE or FROM IMAGE AS NAME.",
    );
  }
  const stageName = name?.toLowerCase();
  if (stageName !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(stageName)) {
    throw parseError(
      `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`,
      node.place(name),
    );
  }
  return {
    kind: "from",
    node,
    image,
    ...(platform === undefined ? {} : { platform }),
    ...(stageName === undefined ? {} : { stageName }),
  };
}

export function parseArg(node: Node): ArgInstruction {
  readFlags(node, {});
  if (node.args.length === 0) throw parseError("ARG requires at least one argument", node.place());
  const args = node.args.map((word) => {
    const equals = word.indexOf("=");
    const key = equals < 0 ? word : word.slice(0, equals);
    if (key === "") throw parseError("ARG names can not be blank", node.place(word));
    return { key, value: equals < 0 ? undefined : word.slice(equals + 1) };
  });
  return { kind: "arg", node, args };
}

export function parsePairs(node: Node, kind: "env" | "label"): PairsInstruction {
  readFlags(node, {});
  const name = kind.toUpperCase();
  if (node.args.length === 0) throw parseError(`${name} requires at least one argument`, node.place());
  const pairs = [];
  for (let at = 0; at + 1 < node.args.length; at += 3) {
    const key = node.args[at] ?? "";
    if (key === "") throw parseError(`${name} names can not be blank`, node.place());
    pairs.push({ key, value: node.args[at + 1] ?? "" });
  }
  return { kind, node, pairs };
}

export function parseWords(node: Node, kind: WordsInstruction["kind"]): WordsInstruction {
  readFlags(node, {});
  const name = kind.toUpperCase();
  if (kind === "shell" && !node.json) {
    throw parseError(
      "SHELL requires the arguments to be in JSON form",
      node.place(),
      'Write SHELL ["/bin/sh", "-c"].',
    );
  }
  if (node.args.length === 0) throw parseError(`${name} requires at least one argument`, node.place());
  if (kind === "volume" && node.args.some((word) => word.trim() === "")) {
    throw parseError("VOLUME specified can not be an empty string", node.place());
  }
  return { kind, node, words: node.args };
}

export function parseText(node: Node, kind: TextInstruction["kind"]): TextInstruction {
  readFlags(node, {});
  const text = node.args[0];
  if (text === undefined) {
    throw parseError(`${kind.toUpperCase()} requires exactly one argument`, node.place());
  }
  return { kind, node, text };
}

export function parseOnbuild(node: Node): OnbuildInstruction {
  readFlags(node, {});
  const child = node.child;
  if (!child) throw parseError("ONBUILD requires at least one argument", node.place());
  const name = child.name.toUpperCase();
  if (name === "ONBUILD") {
    throw parseError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", child.place());
  }
  if (name === "FROM" || name === "MAINTAINER") {
    throw parseError(`${name} isn't allowed as an ONBUILD trigger`, child.place());
  }
  const bodies = child.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`);
  return { kind: "onbuild", node, trigger: child.original + bodies.join("") };
}

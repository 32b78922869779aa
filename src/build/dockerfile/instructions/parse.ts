import { parseError } from "../error.ts";
import type { Dockerfile, Node } from "../parser/index.ts";
import { parseCommandInstruction, parseRun } from "./commands.ts";
import { parseCopy } from "./copy.ts";
import { parseHealthcheck } from "./healthcheck.ts";
import { parseArg, parseFrom, parseOnbuild, parsePairs, parseText, parseWords } from "./simple.ts";
import { didYouMean } from "./suggest.ts";
import type { ArgInstruction, Instruction, Program, Stage, StageInstruction } from "./types.ts";

const parsers: Readonly<Record<string, (node: Node) => Instruction>> = {
  add: (node) => parseCopy(node, "add"),
  arg: parseArg,
  cmd: (node) => parseCommandInstruction(node, "cmd"),
  copy: (node) => parseCopy(node, "copy"),
  entrypoint: (node) => parseCommandInstruction(node, "entrypoint"),
  env: (node) => parsePairs(node, "env"),
  expose: (node) => parseWords(node, "expose"),
  from: parseFrom,
  healthcheck: parseHealthcheck,
  label: (node) => parsePairs(node, "label"),
  maintainer: (node) => parseText(node, "maintainer"),
  onbuild: parseOnbuild,
  run: parseRun,
  shell: (node) => parseWords(node, "shell"),
  stopsignal: (node) => parseText(node, "stopsignal"),
  user: (node) => parseText(node, "user"),
  volume: (node) => parseWords(node, "volume"),
  workdir: (node) => parseText(node, "workdir"),
};

/** Understands one instruction; throws `DockerfileError`. */
export function parseInstruction(node: Node): Instruction {
  const name = node.name.toLowerCase();
  const parse = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
  if (parse) return parse(node);
  const names = Object.keys(parsers).map((known) => known.toUpperCase());
  const suggestion = didYouMean(node.name, names);
  throw parseError(`unknown instruction: ${node.name}${suggestion}`, node.place());
}

/** Understands a whole file and divides it into stages; throws `DockerfileError`. */
export function parseProgram(dockerfile: Dockerfile): Program {
  const globals: ArgInstruction[] = [];
  const stages: (Stage & { instructions: StageInstruction[] })[] = [];
  for (const node of dockerfile.nodes) {
    const instruction = parseInstruction(node);
    if (instruction.kind === "from") {
      stages.push({ index: stages.length, from: instruction, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage) stage.instructions.push(instruction);
    else if (instruction.kind === "arg") globals.push(instruction);
    else throw parseError("no build stage in current context", node.place(), "Begin the file with FROM.");
  }
  const first = dockerfile.nodes[0];
  if (stages.length === 0 && first) {
    throw parseError("no build stage in current context", first.place(), "Add a FROM instruction.");
  }
  return { file: dockerfile.file, escape: dockerfile.escape, globals, stages };
}

import { messageOf } from "../../base/index.ts";
import { checkValue } from "./check.ts";
import type { FlagSpec } from "./spec.ts";
import { FlagValues } from "./values.ts";

/** A command line taken apart. */
export interface Parsed {
  readonly flags: FlagValues;
  readonly args: string[];
  /** `--help` was among the flags. */
  readonly help: boolean;
}

/** A command line that cannot be taken apart; the message is pflag's. */
export class FlagError extends Error {}

export interface ParseOptions {
  /** False: the first argument ends the flags. */
  readonly interspersed: boolean;
}

/** Takes flags and arguments apart by pflag's rules; throws `FlagError` in its words. */
export function parseFlags(
  specs: readonly FlagSpec[],
  argv: readonly string[],
  options: ParseOptions = { interspersed: true },
): Parsed {
  const state: State = { specs, rest: [...argv], flags: new FlagValues(specs), help: false };
  const args: string[] = [];
  for (let word = state.rest.shift(); word !== undefined; word = state.rest.shift()) {
    if (word === "--") {
      args.push(...state.rest);
      break;
    }
    if (word.length > 1 && word.startsWith("-")) {
      if (word.startsWith("--")) longFlag(state, word);
      else shortFlags(state, word);
      continue;
    }
    args.push(word);
    if (!options.interspersed) {
      args.push(...state.rest);
      break;
    }
  }
  return { flags: state.flags, args, help: state.help };
}

interface State {
  readonly specs: readonly FlagSpec[];
  readonly rest: string[];
  readonly flags: FlagValues;
  help: boolean;
}

function longFlag(state: State, word: string): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: ${word}`);
  const spec = state.specs.find((one) => one.name === name);
  if (!spec && name === "help") {
    state.help = true;
    return;
  }
  if (!spec) throw new FlagError(`unknown flag: --${name}`);
  if (equals >= 0) store(state, spec, word.slice(equals + 1));
  else if (spec.kind === "bool") store(state, spec, "true");
  else store(state, spec, next(state, `flag needs an argument: --${name}`));
}

function shortFlags(state: State, word: string): void {
  let letters = word.slice(1);
  while (letters !== "") {
    const letter = letters.charAt(0);
    letters = letters.slice(1);
    const spec = state.specs.find((one) => one.short === letter);
    if (!spec && letter === "h") {
      state.help = true;
      continue;
    }
    if (!spec) throw new FlagError(`unknown shorthand flag: '${letter}' in ${word}`);
    if (letters.startsWith("=")) {
      store(state, spec, letters.slice(1));
      return;
    }
    if (spec.kind === "bool") {
      store(state, spec, "true");
      continue;
    }
    const message = `flag needs an argument: '${letter}' in ${word}`;
    store(state, spec, letters === "" ? next(state, message) : letters);
    return;
  }
}

function next(state: State, message: string): string {
  const word = state.rest.shift();
  if (word === undefined) throw new FlagError(message);
  return word;
}

function store(state: State, spec: FlagSpec, text: string): void {
  try {
    checkValue(spec, text);
  } catch (error) {
    const name = spec.short ? `-${spec.short}, --${spec.name}` : `--${spec.name}`;
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${name}" flag: ${messageOf(error)}`);
  }
  state.flags.add(spec, text);
}

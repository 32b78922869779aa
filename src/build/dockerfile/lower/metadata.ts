import { EngineError, parseSignal } from "../../../base/index.ts";
import type { ImageRunConfig } from "../../../oci/index.ts";
import { parseError } from "../error.ts";
import type {
  ArgInstruction,
  Command,
  CommandInstruction,
  HealthcheckInstruction,
  OnbuildInstruction,
  PairsInstruction,
  TextInstruction,
  WordsInstruction,
} from "../instructions/index.ts";
import type { Node } from "../parser/index.ts";
import { type Expander, expand, expandToWords } from "./scope.ts";
import { type StageState, withEnv } from "./stage-state.ts";

/** Instructions that change how an image runs and nothing in its tree. */
export type MetadataInstruction =
  | PairsInstruction
  | CommandInstruction
  | WordsInstruction
  | TextInstruction
  | HealthcheckInstruction
  | OnbuildInstruction;

interface Change {
  readonly state: StageState;
  readonly createdBy: string;
}

/** Applies a metadata instruction. Pure; throws `DockerfileError` for values that make no sense. */
export function applyMetadata(
  state: StageState,
  instruction: MetadataInstruction,
  variables: Expander,
): Change {
  switch (instruction.kind) {
    case "env":
    case "label":
      return applyPairs(state, instruction, variables);
    case "cmd":
    case "entrypoint":
      return applyCommand(state, instruction);
    case "expose":
    case "volume":
    case "shell":
      return applyWords(state, instruction, variables);
    case "healthcheck": {
      const { healthcheck } = instruction;
      return change(state, { Healthcheck: healthcheck }, `HEALTHCHECK ${JSON.stringify(healthcheck)}`);
    }
    case "onbuild": {
      const triggers = [...(state.config.OnBuild ?? []), instruction.trigger];
      return change(state, { OnBuild: triggers }, `ONBUILD ${instruction.trigger}`);
    }
    default:
      return applyText(state, instruction, variables);
  }
}

/** Declares ARGs; an argument's value is what the build gave, else its default, else the global one. */
export function declareArgs(
  state: StageState,
  instruction: ArgInstruction,
  options: {
    escape: string;
    variables(state: StageState): ReadonlyMap<string, string>;
    given(key: string): string | undefined;
    globals: ReadonlyMap<string, string>;
  },
): Change {
  let current = state;
  const texts: string[] = [];
  for (const { key: written, value: writtenValue } of instruction.args) {
    const expander = { escape: options.escape, variables: options.variables(current) };
    const key = expand(instruction.node, written, expander);
    const fallback =
      writtenValue === undefined
        ? options.globals.get(key)
        : expand(instruction.node, writtenValue, expander);
    const value = options.given(key) ?? fallback;
    current = { ...current, args: new Map([...current.args, [key, value]]) };
    texts.push(value === undefined ? key : `${key}=${value}`);
  }
  return { state: current, createdBy: `ARG ${texts.join(" ")}` };
}

/** The words that a command really runs, with the stage's shell in front of the shell form. */
export function commandWords(config: ImageRunConfig, command: Command): readonly string[] {
  if (command.form === "exec") return command.args;
  return [...(config.Shell ?? ["/bin/sh", "-c"]), command.text];
}

function change(state: StageState, config: ImageRunConfig, createdBy: string): Change {
  return { state: { ...state, config: { ...state.config, ...config } }, createdBy };
}

function applyPairs(state: StageState, instruction: PairsInstruction, variables: Expander): Change {
  const pairs = instruction.pairs.map(({ key, value }) => ({
    key: expand(instruction.node, key, variables),
    value: expand(instruction.node, value, variables),
  }));
  const shown = pairs.map(({ key, value }) => `${key}=${value}`).join(" ");
  if (instruction.kind === "label") {
    const labels = {
      ...state.config.Labels,
      ...Object.fromEntries(pairs.map(({ key, value }) => [key, value])),
    };
    return change(state, { Labels: labels }, `LABEL ${shown}`);
  }
  let env = state.config.Env ?? [];
  for (const { key, value } of pairs) env = withEnv(env, key, value);
  return change(state, { Env: env }, `ENV ${shown}`);
}

function applyCommand(state: StageState, { kind, command }: CommandInstruction): Change {
  const words = commandWords(state.config, command);
  const shown = `[${words.map((word) => JSON.stringify(word)).join(" ")}]`;
  if (kind === "cmd") {
    const next = change(state, { Cmd: words }, `CMD ${shown}`);
    return { ...next, state: { ...next.state, ownCommand: true } };
  }
  const { Cmd: _inherited, ...rest } = state.config;
  const config = { ...(state.ownCommand ? state.config : rest), Entrypoint: words };
  return { state: { ...state, config }, createdBy: `ENTRYPOINT ${shown}` };
}

function applyWords(state: StageState, instruction: WordsInstruction, variables: Expander): Change {
  const { kind, node, words } = instruction;
  if (kind === "shell") return change(state, { Shell: words }, `SHELL [${words.join(" ")}]`);
  if (kind === "expose") {
    const ports = words.flatMap((word) =>
      expandToWords(node, word, variables).flatMap((port) => exposedPorts(node, port)),
    );
    const merged = { ...state.config.ExposedPorts, ...asSet(ports) };
    return change(state, { ExposedPorts: merged }, `EXPOSE [${ports.join(" ")}]`);
  }
  const paths = words.map((word) => expand(node, word, variables));
  if (paths.some((path) => path.trim() === "")) {
    throw parseError("VOLUME specified can not be an empty string", node.place());
  }
  return change(
    state,
    { Volumes: { ...state.config.Volumes, ...asSet(paths) } },
    `VOLUME [${paths.join(" ")}]`,
  );
}

function asSet(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

function exposedPorts(node: Node, text: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65_535 || last < first) {
    throw parseError(
      `invalid containerPort: ${text}`,
      node.place(text),
      "Write PORT, PORT/udp or FIRST-LAST/tcp.",
    );
  }
  const protocol = (match[3] ?? "tcp").toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, offset) => `${first + offset}/${protocol}`);
}

function applyText(state: StageState, instruction: TextInstruction, variables: Expander): Change {
  const { kind, node, text } = instruction;
  if (kind === "maintainer") return { state: { ...state, author: text }, createdBy: `MAINTAINER ${text}` };
  const value = expand(node, text, variables);
  if (kind === "user") {
    if (value === "") throw parseError("USER requires exactly one argument", node.place());
    return change(state, { User: value }, `USER ${value}`);
  }
  if (kind === "stopsignal") {
    checkSignal(node, value);
    return change(state, { StopSignal: value }, `STOPSIGNAL ${value}`);
  }
  const path = absolutePath(state.config.WorkingDir, value);
  return change(state, { WorkingDir: path }, `WORKDIR ${path}`);
}

function checkSignal(node: Node, value: string): void {
  try {
    parseSignal(value);
  } catch (error) {
    if (error instanceof EngineError) throw parseError(error.message, node.place(value));
    throw error;
  }
}

/** A path made absolute with the working directory; `..` never leaves the root. */
export function absolutePath(workingDirectory: string | undefined, path: string): string {
  const full = path.startsWith("/") ? path : `${workingDirectory || "/"}/${path}`;
  const kept: string[] = [];
  for (const segment of full.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

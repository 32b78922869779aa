import { parseError } from "../error.ts";
import type { CopyInstruction, RunInstruction, RunMount } from "../instructions/index.ts";
import type { Node } from "../parser/index.ts";
import type { CopyVertex, DirectoryVertex, RunVertex, TreeSource, VertexID, VertexMount } from "./graph.ts";
import { absolutePath, commandWords } from "./metadata.ts";
import { type Expander, expand, expandContent } from "./scope.ts";
import { argEnv, type StageState } from "./stage-state.ts";

/** What lowering an instruction that makes a tree may ask for. */
export interface TreeNeeds {
  readonly expander: Expander;
  /** The tree of a `--from`. */
  from(node: Node, written: string): VertexID;
}

export interface Lowered<V> {
  readonly vertex: V;
  readonly createdBy: string;
}

export function lowerRun(
  state: StageState,
  instruction: RunInstruction,
  needs: TreeNeeds,
): Lowered<RunVertex> {
  const args = commandWords(state.config, instruction.command);
  const buildArgs = argEnv(state);
  const vertex: RunVertex = {
    kind: "run",
    input: state.vertex,
    args,
    env: [...buildArgs, ...(state.config.Env ?? [])],
    cwd: state.config.WorkingDir || "/",
    user: state.config.User ?? "",
    network: instruction.network,
    mounts: instruction.mounts.map((mount) => lowerMount(state, instruction.node, mount, needs)),
    ...(instruction.script ? { script: instruction.script } : {}),
    place: instruction.node.place(),
  };
  const prefix = buildArgs.length > 0 ? `|${buildArgs.length} ${buildArgs.join(" ")} ` : "";
  return { vertex, createdBy: `RUN ${prefix}${args.join(" ")}` };
}

function lowerMount(state: StageState, node: Node, mount: RunMount, needs: TreeNeeds): VertexMount {
  const text = (value: string) => expand(node, value, needs.expander);
  const target = absolutePath(state.config.WorkingDir, text(mount.target));
  if (target === "/") throw parseError("invalid mount target: /", node.place("--mount"));
  switch (mount.type) {
    case "tmpfs":
      return { kind: "tmpfs", target, ...(mount.size === undefined ? {} : { size: mount.size }) };
    case "cache": {
      if (mount.from !== undefined || mount.source !== undefined) {
        const reason = "from and source of a cache mount are not supported yet";
        throw parseError(reason, node.place("--mount"), "Fill the cache in the RUN step.");
      }
      const { sharing, readonly, mode, uid, gid } = mount;
      const id = mount.id === undefined ? target : text(mount.id);
      return { kind: "cache", target, id, sharing, readonly, mode, uid, gid };
    }
    case "bind":
      return {
        kind: "bind",
        target,
        tree: treeOf(node, mount.from, needs),
        path: absolutePath("/", text(mount.source ?? "/")),
        readonly: mount.readonly,
      };
  }
}

function treeOf(node: Node, from: string | undefined, needs: TreeNeeds): TreeSource {
  return from === undefined ? { kind: "context" } : { kind: "vertex", vertex: needs.from(node, from) };
}

export function lowerCopy(
  state: StageState,
  instruction: CopyInstruction,
  needs: TreeNeeds,
): Lowered<CopyVertex> {
  const { node, kind, from, chown, chmod } = instruction;
  const text = (value: string) => expand(node, value, needs.expander);
  const sources = instruction.sources.map(text);
  const written = text(instruction.destination);
  if (written === "") throw parseError("destination is empty", node.place(instruction.destination));
  const isDirectory = /(^|\/)\.{0,2}$/.test(written);
  const absolute = absolutePath(state.config.WorkingDir, written);
  const destination = isDirectory && absolute !== "/" ? `${absolute}/` : absolute;
  const name = kind === "copy" ? "COPY" : "ADD";
  if (sources.length + instruction.inline.length > 1 && !destination.endsWith("/")) {
    const reason = `When using ${name} with more than one source file, the destination must be a directory and end with a /`;
    throw parseError(reason, node.place(instruction.destination), `Write ${instruction.destination}/`);
  }
  const vertex: CopyVertex = {
    kind: "copy",
    instruction: name,
    input: state.vertex,
    tree: treeOf(node, from, needs),
    sources,
    inline: instruction.inline.map((file) => ({
      name: file.name,
      content: file.expand ? expandContent(node, file.content, needs.expander) : file.content,
    })),
    destination,
    ...(chown === undefined ? {} : { chown: text(chown) }),
    ...(chmod === undefined ? {} : { chmod: checkedMode(node, text(chmod)) }),
    exclude: instruction.exclude.map(text),
    unpack: kind === "add",
    place: node.place(),
  };
  const flags = node.flags.map((flag) => `--${flag.replace(/^--/, "")} `).join("");
  const names = [...sources, ...vertex.inline.map((file) => `<<${file.name}`)];
  return { vertex, createdBy: `${name} ${flags}${names.join(" ")} ${written}` };
}

function checkedMode(node: Node, mode: string): string {
  if (/^[0-7]{1,5}$/.test(mode) || /^([ugoa]*[-+=][rwxXst]*)(,[ugoa]*[-+=][rwxXst]*)*$/.test(mode))
    return mode;
  const reason = `invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`;
  throw parseError(reason, node.place("--chmod"));
}

export function lowerWorkdir(state: StageState): DirectoryVertex {
  return { kind: "directory", input: state.vertex, path: state.config.WorkingDir || "/" };
}

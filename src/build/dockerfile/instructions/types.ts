import type { Healthcheck } from "../../../oci/index.ts";
import type { Node } from "../parser/index.ts";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** Shell form: one text for the stage's shell. Exec form: the words themselves. */
export type Command =
  | { readonly form: "shell"; readonly text: string }
  | { readonly form: "exec"; readonly args: readonly string[] };

/** A file whose content stands in the Dockerfile. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  /** Variables in the content are replaced. */
  readonly expand: boolean;
}

interface Located {
  /** Where it stands, and its text as written. */
  readonly node: Node;
}

export interface FromInstruction extends Located {
  readonly kind: "from";
  readonly image: string;
  readonly platform?: string;
  /** Lower case. */
  readonly stageName?: string;
}

export interface ArgInstruction extends Located {
  readonly kind: "arg";
  readonly args: readonly { readonly key: string; readonly value: string | undefined }[];
}

export interface PairsInstruction extends Located {
  readonly kind: "env" | "label";
  readonly pairs: readonly KeyValue[];
}

export interface CopyInstruction extends Located {
  readonly kind: "copy" | "add";
  /** Paths and patterns in the source tree. */
  readonly sources: readonly string[];
  readonly inline: readonly InlineFile[];
  readonly destination: string;
  readonly from?: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly exclude: readonly string[];
}

/** One `--mount` flag of RUN, its values still unexpanded. */
export interface RunMount {
  readonly type: "bind" | "cache" | "tmpfs";
  readonly target: string;
  readonly source?: string;
  readonly from?: string;
  readonly readonly: boolean;
  readonly id?: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size?: number;
}

export interface RunInstruction extends Located {
  readonly kind: "run";
  readonly command: Command;
  /** A script that starts with `#!`: put into the container as a file and executed. */
  readonly script?: InlineFile;
  readonly mounts: readonly RunMount[];
  readonly network: "default" | "none" | "host";
}

export interface CommandInstruction extends Located {
  readonly kind: "cmd" | "entrypoint";
  readonly command: Command;
}

export interface WordsInstruction extends Located {
  readonly kind: "expose" | "volume" | "shell";
  readonly words: readonly string[];
}

export interface TextInstruction extends Located {
  readonly kind: "user" | "workdir" | "stopsignal" | "maintainer";
  readonly text: string;
}

export interface HealthcheckInstruction extends Located {
  readonly kind: "healthcheck";
  /** `Test` of shell form still lacks `CMD-SHELL` expansion by the shell; it is complete as it stands. */
  readonly healthcheck: Healthcheck;
}

export interface OnbuildInstruction extends Located {
  readonly kind: "onbuild";
  /** The trigger as written; it is parsed again where it runs. */
  readonly trigger: string;
}

export type StageInstruction =
  | ArgInstruction
  | PairsInstruction
  | CopyInstruction
  | RunInstruction
  | CommandInstruction
  | WordsInstruction
  | TextInstruction
  | HealthcheckInstruction
  | OnbuildInstruction;

export type Instruction = FromInstruction | StageInstruction;

/** One FROM and what follows it. */
export interface Stage {
  readonly index: number;
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

/** A whole file, understood but with no variable replaced. */
export interface Program {
  readonly file: string;
  readonly escape: string;
  /** ARGs before the first FROM. */
  readonly globals: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}

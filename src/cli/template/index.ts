import { messageOf } from "../../base/index.ts";
import { ExitError } from "../exit.ts";
import { absent, evaluate, type MissingField, TemplateFailure } from "./evaluate.ts";
import { functions } from "./functions.ts";
import type { Parsed } from "./nodes.ts";
import { parseTemplate } from "./parser.ts";
import { straighten } from "./straight.ts";
import { isRecord, type Value } from "./values.ts";

export { absent } from "./evaluate.ts";
export { ownJSON, toJSON } from "./values.ts";

/** A template ready to run over many values. */
export interface Template {
  /** Throws `ExitError` with Docker's words when the data does not have what the template asks for. */
  run(data: Value): string;
}

export interface TemplateOptions {
  /** What stands before Go's reason when the template cannot be parsed. */
  readonly parseError: string;
  /** The exit code of a template that cannot be parsed; default 1. */
  readonly parseCode?: number;
  /** What stands before Go's reason when it cannot be run; empty: nothing. */
  readonly runError: string;
  /** The template's name in messages; default none. */
  readonly name?: string;
  /** The exit code of a template that cannot be run; default 1. */
  readonly runCode?: number;
  /** How fields that are not there are met. */
  readonly missing: MissingField;
}

/** Parses a Go template with Docker's functions; throws `ExitError` with Docker's words. */
export function compileTemplate(text: string, options: TemplateOptions): Template {
  const { name = "" } = options;
  const template = parsed(text, options);
  const straight = straighten(template);
  return {
    run: (data) => {
      try {
        return straight?.(data) ?? evaluate(template, data, options.missing);
      } catch (error) {
        const at = error instanceof TemplateFailure ? place(text, error.at) : "1";
        const prefix = options.runError === "" ? "" : `${options.runError}: `;
        const why = `template: ${name}:${at}: executing ${JSON.stringify(name)} at ${messageOf(error)}`;
        throw new ExitError(options.runCode ?? 1, prefix + why);
      }
    },
  };
}

function parsed(text: string, options: TemplateOptions): Parsed {
  try {
    return parseTemplate(text, names);
  } catch (error) {
    throw new ExitError(options.parseCode ?? 1, `${options.parseError}: template: :1: ${messageOf(error)}`);
  }
}

/** `line:column` as Go counts: lines from 1, bytes of the line from 0. */
function place(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return `${before.length}:${Buffer.byteLength(before.at(-1) ?? "")}`;
}

/** For objects of the API: Go's names for IDs, nothing for optional fields and map keys, an error for all else. */
export const inspectMissing: MissingField = (owner, name) => {
  if (!isRecord(owner)) throw new Error(`can't evaluate field ${name} in type ${typeof owner}`);
  // Go's names of fields differ from those in JSON by capitals alone: ID and Id, APIVersion and ApiVersion.
  const like =
    /^[A-Z]/.test(name) && Object.keys(owner).find((key) => key.toLowerCase() === name.toLowerCase());
  if (like) return owner[like];
  if (optionalFields.has(name)) return undefined;
  // A map's keys are data, an object's are fields: what looks like no field of the API was a key.
  if (!/^[A-Z]/.test(name)) return absent();
  throw new Error(`map has no entry for key ${JSON.stringify(name)}`);
};

/** Fields that the API leaves out when they are empty, though Docker's own types have them. */
const optionalFields = new Set([
  ...[
    "Health",
    "SizeRw",
    "SizeRootFs",
    "Healthcheck",
    "StopSignal",
    "StopTimeout",
    "OnBuild",
    "Shell",
    "Variant",
  ],
  ...[
    "Volumes",
    "ExposedPorts",
    "Entrypoint",
    "Cmd",
    "Env",
    "Labels",
    "Domainname",
    "Hostname",
    "User",
    "Mounts",
  ],
  ...[
    "Tmpfs",
    "Sysctls",
    "Init",
    "Annotations",
    "StorageOpt",
    "Links",
    "Aliases",
    "IPAMConfig",
    "DriverOpts",
  ],
  ...[
    "Runtime",
    "NetworkDisabled",
    "MacAddress",
    "Name",
    "UsageData",
    "Status",
    "Options",
    "Created",
    "Platform",
  ],
]);

const names: ReadonlySet<string> = new Set(Object.keys(functions));

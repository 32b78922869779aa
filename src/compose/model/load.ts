import { resolve } from "node:path";
import { EngineError } from "../../base/index.ts";
import { canonical } from "./canonical.ts";
import { decodeNetworks, decodeService, decodeVolumes } from "./decode.ts";
import { withDefaults } from "./defaults.ts";
import { type DocumentContext, declaredName, readDocuments } from "./documents.ts";
import { resolveEnvironment } from "./environment.ts";
import { type Located, type LocateOptions, locate, projectName } from "./locate.ts";
import { resolvePaths } from "./paths.ts";
import { formatTree } from "./print.ts";
import { chooseProfiles, enabledServices } from "./profiles.ts";
import type { Project, Service } from "./project.ts";
import { checkRules } from "./rules.ts";
import { checkSupport } from "./support.ts";
import { substitute } from "./template.ts";
import { type Dict, entriesAt, entry, itemsAt, keepKey, leaf, textOf, withEntry } from "./tree.ts";

export interface LoadOptions extends LocateOptions {
  readonly projectName?: string;
  readonly profiles?: readonly string[];
  /** Services named on the command line: their profiles count as chosen. */
  readonly services?: readonly string[];
  /** Reads `-f -`. */
  readonly readStandardInput?: () => Promise<string>;
}

export interface Loaded {
  readonly project: Project;
  /** Sentences for the user, each once. */
  readonly warnings: readonly string[];
}

/**
 * Loads a Compose application: find, read, interpolate, include, extend, merge, check, spell out, fill in, verify,
 * make paths absolute. Throws `ComposeFileError` with file, line and column for a mistake in a file.
 */
export async function loadProject(options: LoadOptions): Promise<Loaded> {
  const warnings = new Set<string>();
  const located = await locate(options);
  const context = contextFor(located, options, (message) => warnings.add(message));
  const name = await chooseName(located.files, context, options);
  const variables = new Map(located.variables).set("COMPOSE_PROJECT_NAME", name);
  const raw = await readDocuments(located.files, { ...context, variables });
  if (entry(raw, "version")) {
    context.warn(
      `${located.files[0]}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    );
  }
  const complete = resolvePaths(withDefaults(canonical(raw), name), context);
  const profiles = chooseProfiles(options.profiles, variables);
  const enabled = enabledServices(complete, profiles, options.services ?? []);
  checkSupport(complete, context.warn, (service) => enabled.has(service));
  checkRules(complete, enabled);
  const tree = await withEnvironments(complete, enabled, variables);
  const project = decode(tree, enabled, {
    name,
    directory: located.directory,
    files: located.files,
    environmentFiles: located.environmentFiles,
    variables,
  });
  return { project, warnings: [...warnings] };
}

/** The files laid one on the other with their variables as they stand, as YAML. Nothing is checked or filled in. */
export async function loadUninterpolated(options: LoadOptions): Promise<string> {
  const located = await locate(options);
  const context = contextFor(located, options, () => undefined);
  const name = await chooseName(located.files, context, options);
  const tree = await readDocuments(located.files, { ...context, interpolate: false });
  return formatTree(withEntry(tree, "name", leaf(name, tree.at)));
}

function contextFor(
  located: Located,
  options: LoadOptions,
  warn: (message: string) => void,
): DocumentContext {
  const standardInput = once(options.readStandardInput);
  return {
    directory: located.directory,
    home: located.variables.get("HOME"),
    variables: located.variables,
    interpolate: true,
    warn,
    trail: [],
    ...(standardInput === undefined ? {} : { readStandardInput: standardInput }),
  };
}

async function chooseName(
  files: readonly string[],
  context: DocumentContext,
  options: LoadOptions,
): Promise<string> {
  const declared = options.projectName ? undefined : await declaredName(files, context);
  return projectName({
    given: options.projectName,
    environment: context.variables.get("COMPOSE_PROJECT_NAME"),
    file:
      declared === undefined
        ? undefined
        : substitute(declared, { lookup: (name) => context.variables.get(name) }),
    directory: resolve(context.directory),
  });
}

async function withEnvironments(
  tree: Dict,
  enabled: ReadonlySet<string>,
  variables: ReadonlyMap<string, string>,
): Promise<Dict> {
  const services = entry(tree, "services");
  if (services?.kind !== "dict") return tree;
  const entries = new Map(services.entries);
  for (const [name, service] of services.entries) {
    if (!enabled.has(name) || service.kind !== "dict") continue;
    entries.set(name, keepKey(service, await resolveEnvironment(service, variables)));
  }
  return withEntry(tree, "services", { ...services, entries });
}

function decode(
  tree: Dict,
  enabled: ReadonlySet<string>,
  about: Pick<Project, "name" | "directory" | "files" | "environmentFiles" | "variables">,
): Project {
  const all = entriesAt(tree, "services");
  if (all.length === 0)
    throw new EngineError("invalid", "empty compose file: no service declared", { subject: about.name });
  const services = new Map<string, Service>();
  for (const [name, service] of all) {
    if (enabled.has(name) && service.kind === "dict") services.set(name, decodeService(name, service, tree));
  }
  return {
    ...about,
    services,
    disabled: all.map(([name]) => name).filter((name) => !enabled.has(name)),
    profiles: [
      ...new Set(
        all.flatMap(([, service]) => itemsAt(service, "profiles").map((item) => textOf(item) ?? "")),
      ),
    ].sort(),
    networks: decodeNetworks(tree),
    volumes: decodeVolumes(tree),
    tree,
  };
}

function once(read: (() => Promise<string>) | undefined): (() => Promise<string>) | undefined {
  let text: Promise<string> | undefined;
  if (read === undefined) return undefined;
  return () => {
    text ??= read();
    return text;
  };
}

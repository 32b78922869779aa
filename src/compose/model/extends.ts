import { dirname } from "node:path";
import { canonicalService } from "./canonical.ts";
import { ComposeFileError } from "./error.ts";
import { merge, settle } from "./merge.ts";
import { absolutePath, type Places, resolveServicePaths } from "./paths.ts";
import {
  type Dict,
  dictAt,
  entriesAt,
  entry,
  keepKey,
  type Tree,
  textAt,
  textOf,
  withEntry,
  without,
} from "./tree.ts";

export interface ExtendsContext extends Places {
  /** The documents of another file, interpolated, merged into one. */
  readonly load: (file: string, wanted: Tree) => Promise<Dict>;
  /** What earlier files said: a base may stand there. */
  readonly earlier: Dict | undefined;
}

/** `tree` with every service that extends another laid on its base. Throws on cycles and on bases that are missing. */
export async function applyExtends(tree: Dict, context: ExtendsContext): Promise<Dict> {
  let result = tree;
  for (const [name, service] of entriesAt(tree, "services")) {
    if (service.kind !== "dict" || !service.entries.has("extends")) continue;
    const whole = await resolveService(name, service, { tree, context, trail: [] });
    const services = dictAt(result, "services");
    if (services) result = withEntry(result, "services", withEntry(services, name, keepKey(service, whole)));
  }
  return result;
}

interface Step {
  readonly tree: Dict;
  readonly context: ExtendsContext;
  /** `file#service` of the services that are being resolved. */
  readonly trail: readonly string[];
}

async function resolveService(name: string, service: Dict, step: Step): Promise<Dict> {
  const wanted = entry(service, "extends");
  if (wanted === undefined) return service;
  const base = textOf(wanted) ?? textAt(wanted, "service");
  if (base === undefined)
    throw new ComposeFileError(wanted.at, `services.${name}.extends.service is required`);
  const label = `${service.at.file}#${name}`;
  if (step.trail.includes(label)) {
    throw new ComposeFileError(
      wanted.at,
      `circular reference with extends: ${[...step.trail, label].join(" -> ")}`,
    );
  }
  const trail = [...step.trail, label];
  const found = await baseService(base, wanted, { ...step, trail });
  return merge(found, without(service, "extends"), ["services", name]);
}

async function baseService(base: string, wanted: Tree, step: Step): Promise<Dict> {
  const file = textAt(wanted, "file");
  if (file === undefined) {
    const service = serviceOf(step.tree, base) ?? serviceOf(step.context.earlier, base);
    if (service === undefined) throw missing(wanted, base, step.trail);
    return resolveService(base, service, step);
  }
  const path = absolutePath(file, step.context);
  const tree = await step.context.load(path, wanted);
  const service = serviceOf(tree, base);
  if (service === undefined) throw missing(wanted, base, step.trail, file);
  const context: ExtendsContext = { ...step.context, directory: dirname(path), earlier: undefined };
  const whole = await resolveService(base, service, { tree, context, trail: step.trail });
  return resolveServicePaths(canonicalService(whole, ["services", base]), context);
}

function serviceOf(tree: Dict | undefined, name: string): Dict | undefined {
  const services = tree === undefined ? undefined : entry(tree, "services");
  const service = services?.kind === "dict" ? services.entries.get(name) : undefined;
  return service?.kind === "dict" ? settle(service) : undefined;
}

function missing(wanted: Tree, base: string, trail: readonly string[], file?: string): ComposeFileError {
  const name = trail.at(-1)?.split("#").at(-1) ?? "";
  const where = file === undefined ? "" : ` in ${file}`;
  return new ComposeFileError(
    wanted.at,
    `cannot extend service "${name}"${where}: service "${base}" not found`,
  );
}

import { isKind } from "../base/index.ts";
import type { Cli } from "./cli.ts";
import { ExitError, explain } from "./exit.ts";
import type { Output } from "./output.ts";
import { compileTemplate, inspectMissing, type Template } from "./template/index.ts";

/**
 * Prints objects as an indented JSON list, or each through a Go template. Those that are not there are told on
 * stderr after the others; the exit code is then 1.
 */
export async function printInspected(
  cli: Cli,
  names: readonly string[],
  options: { readonly format: string | undefined; readonly get: (name: string) => Promise<unknown> },
): Promise<number> {
  const { format, get } = options;
  const template = !format || format === "json" ? undefined : inspectTemplate(format);
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await get(name));
    } catch (error) {
      if (isKind(error, "unavailable")) throw error;
      failures.push(explain(error));
    }
  }
  if (template) for (const object of found) await printThrough(cli.out, template, object);
  else await cli.out.write(`${JSON.stringify(found, null, format === "json" ? undefined : 4)}\n`);
  if (failures.length > 0) throw new ExitError(1, failures.join("\n"));
  return 0;
}

/** What was printed before the template failed is Docker's: an empty line. */
export async function printThrough(out: Output, template: Template, object: unknown): Promise<void> {
  try {
    await out.write(`${template.run(object)}\n`);
  } catch (error) {
    await out.write("\n");
    throw error;
  }
}

/** A template over one of Docker's own types, which says the type's name of a field that it lacks. */
export function typedTemplate(
  format: string,
  of: { readonly type: string; readonly runError: string; readonly name?: string },
): Template {
  return compileTemplate(format === "json" ? "{{json .}}" : format, {
    parseError: "template parsing error",
    parseCode: 64,
    runError: of.runError,
    ...(of.name === undefined ? {} : { name: of.name }),
    missing: (owner, name) => {
      try {
        return inspectMissing(owner, name);
      } catch {
        throw new Error(`can't evaluate field ${name} in type ${of.type}`);
      }
    },
  });
}

/** A template over an object of the API; `json` is the whole object. */
export function inspectTemplate(format: string): Template {
  return compileTemplate(format === "json" ? "{{json .}}" : format, {
    parseError: "template parsing error",
    parseCode: 64,
    runError: "template parsing error",
    missing: inspectMissing,
  });
}

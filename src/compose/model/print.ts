import { stringify } from "yaml";
import { stable } from "./hash.ts";
import type { Project } from "./project.ts";
import { type Dict, type Plain, toPlain } from "./tree.ts";

/** The whole model of a project as YAML or JSON: every default said, keys in order, dollar signs doubled for YAML. */
export function formatProject(project: Project, format: "yaml" | "json"): string {
  const data = onlyEnabled(toPlain(project.tree), project);
  if (format === "json") return `${JSON.stringify(JSON.parse(stable(data)), null, 2)}\n`;
  return write(escapeDollars(data));
}

/** A document as YAML, its keys in order, its values as they stand. */
export function formatTree(tree: Dict): string {
  return write(toPlain(tree));
}

function write(data: Plain): string {
  return stringify(inOrderOfKeys(data, true), { indent: 2, lineWidth: 0, aliasDuplicateObjects: false });
}

function onlyEnabled(data: Plain, project: Project): Plain {
  if (!isMapping(data)) return data;
  const services = data.services;
  if (services === undefined || !isMapping(services)) return data;
  const kept = Object.entries(services).filter(([name]) => project.services.has(name));
  const { version: _, ...rest } = data;
  return { ...rest, services: Object.fromEntries(kept) };
}

/** What is printed can be read again: a dollar sign of a value must not become a variable. */
function escapeDollars(value: Plain): Plain {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (isMapping(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeDollars(item)]));
  }
  return isList(value) ? value.map(escapeDollars) : value;
}

/** What comes first in a file, in this order. */
const sections = ["name", "services", "networks", "volumes", "secrets", "configs"];

function inOrderOfKeys(value: Plain, top = false): Plain {
  if (isList(value)) return value.map((item) => inOrderOfKeys(item));
  if (!isMapping(value)) return value;
  const rank = (key: string): string => (top && sections.includes(key) ? `\0${sections.indexOf(key)}` : key);
  const entries = Object.entries(value).sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, inOrderOfKeys(item)]));
}

function isMapping(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

import { EngineError } from "../../base/index.ts";
import { type Dict, entriesAt, itemsAt, textOf } from "./tree.ts";

/** The profiles that are on: given ones and those of `COMPOSE_PROFILES`. */
export function chooseProfiles(
  given: readonly string[] | undefined,
  variables: ReadonlyMap<string, string>,
): Set<string> {
  const fromVariables = (variables.get("COMPOSE_PROFILES") ?? "").split(",").map((name) => name.trim());
  return new Set([...(given?.length ? given : fromVariables)].filter((name) => name !== ""));
}

/**
 * The services that run: those without profiles, those with a chosen one, and those that `named` asks for, which turns
 * their profiles on. Throws `not-found` for a name that no service has.
 */
export function enabledServices(
  tree: Dict,
  chosen: ReadonlySet<string>,
  named: readonly string[],
): Set<string> {
  const profiles = new Map(
    entriesAt(tree, "services").map(([name, service]) => [
      name,
      itemsAt(service, "profiles").map((item) => textOf(item) ?? ""),
    ]),
  );
  const active = new Set(chosen);
  for (const name of named) {
    const own = profiles.get(name);
    if (own === undefined) throw new EngineError("not-found", `no such service: ${name}`, { subject: name });
    for (const profile of own) active.add(profile);
  }
  const enabled = [...profiles].filter(
    ([, own]) => own.length === 0 || active.has("*") || own.some((profile) => active.has(profile)),
  );
  return new Set(enabled.map(([name]) => name));
}

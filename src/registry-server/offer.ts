import { parseReference, type Reference } from "../oci/index.ts";

/**
 * The names under which an image name of the engine is offered: without its registry host (and without `library/`),
 * and with it. A host with a port cannot stand in a path.
 */
export function repositoriesOf(reference: Reference): readonly string[] {
  const { domain, path } = reference;
  const short = domain === "docker.io" ? path.replace(/^library\/(?=[^/]+$)/, "") : path;
  const full = `${domain}/${path}`;
  return [...new Set([short, path, ...(domain.includes(":") ? [] : [full])])];
}

/**
 * The image name that `repository:tag` stands for, of all names of the engine. Where two registries have the same
 * path, Docker Hub's comes first, then the alphabet decides; the full spelling always means one.
 */
export function findOffered(
  names: readonly string[],
  wanted: { readonly repository: string; readonly tag: string },
): string | undefined {
  return offersOf(names)
    .filter(({ reference }) => reference.tag === wanted.tag)
    .find(({ reference }) => repositoriesOf(reference).includes(wanted.repository))?.name;
}

/** All full names of the engine that `repository` stands for. */
export function namesIn(names: readonly string[], repository: string): readonly string[] {
  return offersOf(names)
    .filter(({ reference }) => repositoriesOf(reference).includes(repository))
    .map(({ name }) => name);
}

/** The tags of a repository, sorted. */
export function tagsOf(names: readonly string[], repository: string): readonly string[] {
  const tags = namesIn(names, repository).map((name) => parseReference(name).tag ?? "latest");
  return [...new Set(tags)].sort();
}

/** Each repository once, in its shortest spelling, sorted. */
export function catalogOf(names: readonly string[]): readonly string[] {
  const shortest = offersOf(names).flatMap(({ reference }) => repositoriesOf(reference).slice(0, 1));
  return [...new Set(shortest)].sort();
}

function offersOf(names: readonly string[]): readonly { name: string; reference: Reference }[] {
  return names
    .map((name) => ({ name, reference: parseReference(name) }))
    .sort((a, b) => rank(a.reference) - rank(b.reference) || (a.name < b.name ? -1 : 1));
}

function rank({ domain }: Reference): number {
  return domain === "docker.io" ? 0 : 1;
}

import { readObject } from "./document.ts";
import { RegistryError } from "./error.ts";
import { documentLimit, listLimit } from "./limits.ts";
import { printable } from "./refusal.ts";
import { persist } from "./retry.ts";
import { type Ask, ask } from "./session.ts";
import { homeSite, type SiteNeeds } from "./site.ts";
import { nextPage } from "./tags.ts";
import type { Answer } from "./transport.ts";
import type { RegistryLimits, SearchOptions, SearchResult } from "./types.ts";

/** Pages of a catalog that are looked through. */
const mostPages = 100;

/** Docker Hub's search, which another host than its registry serves. */
const hubSearch = "index.docker.io";

/** Looks for repositories; see `RegistryClient.search`. */
export async function search(
  needs: SiteNeeds & { readonly limits: RegistryLimits },
  term: string,
  options: SearchOptions,
): Promise<readonly SearchResult[]> {
  const { host, words } = splitTerm(term);
  const { credentials, signal, limit = 25 } = options;
  const asked = { repository: host };
  return persist(
    async () => {
      const site = await homeSite(needs, host, { credentials, asked, signal });
      const request = (path: string | URL, more: Partial<Ask> = {}): Promise<Answer> =>
        ask(needs.send, site, { method: "GET", path, scopes: [], asked, signal, ...more });
      const found = await searchIndex(request, words, limit);
      return found ?? (await searchCatalog(request, { host, words, limit }));
    },
    needs.limits,
    signal,
  );
}

type Request = (path: string | URL, more?: Partial<Ask>) => Promise<Answer>;

/** Docker's own search, which Docker Hub and few others have; undefined where it is missing. */
async function searchIndex(
  request: Request,
  words: string,
  limit: number,
): Promise<SearchResult[] | undefined> {
  const query = new URLSearchParams({ q: words, n: String(limit) });
  const answer = await request(`v1/search?${query}`, { accept: [400, 401, 403, 404, 405, 410, 501] });
  if (!answer.response.ok) {
    await answer.discard();
    return undefined;
  }
  const { results } = await readObject(answer, documentLimit);
  const list: readonly unknown[] = Array.isArray(results) ? results : [];
  return list.flatMap(readResult).slice(0, limit);
}

function readResult(value: unknown): SearchResult[] {
  if (typeof value !== "object" || value === null || !("name" in value)) return [];
  const { name } = value;
  if (typeof name !== "string") return [];
  const description = "description" in value ? value.description : "";
  const stars = "star_count" in value ? value.star_count : 0;
  return [
    {
      name: printable(name),
      description: typeof description === "string" ? printable(description) : "",
      stars: typeof stars === "number" && Number.isFinite(stars) ? stars : 0,
      official: "is_official" in value && value.is_official === true,
    },
  ];
}

interface CatalogQuestion {
  readonly host: string;
  readonly words: string;
  readonly limit: number;
}

/** All repositories of a registry that has no search, those with the words in their name. */
async function searchCatalog(
  request: Request,
  { host, words, limit }: CatalogQuestion,
): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  let path: string | URL | undefined = "v2/_catalog?n=1000";
  for (let page = 0; page < mostPages && path !== undefined && found.length < limit; page++) {
    const answer: Answer = await request(path, { scopes: ["registry:catalog:*"] });
    const { repositories } = await readObject(answer, listLimit);
    const list: readonly unknown[] = Array.isArray(repositories) ? repositories : [];
    for (const name of list) {
      if (typeof name !== "string" || !name.includes(words.toLowerCase())) continue;
      found.push({ name: printable(`${host}/${name}`), description: "", stars: 0, official: false });
    }
    path = nextPage(answer);
  }
  return found.slice(0, limit);
}

/** A term may begin with a registry's host, as a reference does. */
function splitTerm(term: string): { readonly host: string; readonly words: string } {
  if (term.includes("://")) {
    throw new RegistryError("invalid", 'invalid repository name (ex: "registry.domain.tld/myrepos")', {
      subject: term,
    });
  }
  const slash = term.indexOf("/");
  const first = slash < 0 ? "" : term.slice(0, slash);
  const isHost = first === "localhost" || /[.:]/.test(first);
  if (!isHost || first === "docker.io" || first === hubSearch) {
    const words = (isHost ? term.slice(slash + 1) : term).replace(/^library\//, "");
    return { host: hubSearch, words };
  }
  if (!URL.canParse(`https://${first}`) || /[@?#\\\s]/.test(first)) {
    throw new RegistryError("invalid", `invalid registry host in "${term}"`, { subject: term });
  }
  return { host: first, words: term.slice(slash + 1) };
}

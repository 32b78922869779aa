import { RegistryFault } from "./fault.ts";

const largestPage = 1000;

/** One page of a sorted list by `n` and `last`, and the query of the next one. */
export function pageOf(
  all: readonly string[],
  query: URLSearchParams,
): { readonly items: readonly string[]; readonly next: string | undefined } {
  const limit = limitIn(query.get("n"));
  const last = query.get("last");
  const rest = last === null || last === "" ? all : all.filter((one) => one > last);
  const items = rest.slice(0, limit);
  const end = items.at(-1);
  const more = rest.length > items.length && end !== undefined;
  return { items, next: more ? `last=${encodeURIComponent(end)}&n=${limit}` : undefined };
}

/** A page as an answer, with the `Link` to the next one. */
export function pageResponse(path: string, page: ReturnType<typeof pageOf>, body: object): Response {
  const link = page.next === undefined ? {} : { Link: `<${path}?${page.next}>; rel="next"` };
  return Response.json(body, { headers: link });
}

function limitIn(text: string | null): number {
  if (text === null) return largestPage;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit <= 1_000_000) return Math.min(limit, largestPage);
  throw new RegistryFault("PAGINATION_NUMBER_INVALID", "invalid number of results requested", {
    detail: { n: text },
  });
}

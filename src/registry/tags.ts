import { readObject } from "./document.ts";
import { RegistryError } from "./error.ts";
import { listLimit } from "./limits.ts";
import { isTag } from "./names.ts";
import type { Scene } from "./scene.ts";
import type { Answer } from "./transport.ts";
import type { Cancel } from "./types.ts";

/** Pages beyond this are not asked for: a list that goes round would never end. */
const mostPages = 10_000;

/** All tags of a repository; see `Repository.tags`. */
export async function* listTags(scene: Scene, options: Cancel): AsyncGenerator<string> {
  const seen = new Set<string>();
  let path: string | URL | undefined = "tags/list?n=1000";
  for (let page = 0; path !== undefined; page++) {
    const key = String(path);
    if (page >= mostPages || seen.has(key)) throw endless(scene);
    seen.add(key);
    const found: Page = await fetchPage(scene, path, options);
    yield* found.tags;
    path = found.next;
  }
}

interface Page {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

async function fetchPage(scene: Scene, path: string | URL, options: Cancel): Promise<Page> {
  return scene.write(options, async (site) => {
    const answer = await scene.ask(site, {
      method: "GET",
      path,
      headers: { Accept: "application/json" },
      asked: scene.name.asked,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const { tags } = await readObject(answer, listLimit);
    const list: readonly unknown[] = Array.isArray(tags) ? tags : [];
    return {
      tags: list.filter((tag) => typeof tag === "string").filter(isTag),
      next: nextPage(answer),
    };
  });
}

/** `Link: </v2/…?last=x>; rel="next"` (RFC 8288). */
export function nextPage(answer: Pick<Answer, "response" | "url">): URL | undefined {
  const link = answer.response.headers.get("link") ?? "";
  const target = /<([^>]{1,4096})>\s*;[^,]*\brel="?next"?/i.exec(link)?.[1];
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined;
  const url = new URL(target, answer.url);
  return url.origin === answer.url.origin ? url : undefined;
}

function endless(scene: Scene): RegistryError {
  const subject = scene.name.asked.repository;
  return new RegistryError(
    "unavailable",
    `Cannot list the tags of ${subject}: the registry's pages never end`,
    {
      subject,
    },
  );
}

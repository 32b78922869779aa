import type { Image, ImageService } from "../image/index.ts";
import { matchReference, parseReference } from "../oci/index.ts";
import type { Filters } from "../wire/index.ts";
import { booleanFilter, checkKeys, matchesAny, matchesLabels, parseUntil } from "./filter.ts";

/**
 * The images that match every filter of `GET /images/json`; throws `invalid` for an unknown one. With patterns for
 * references, each has the names that match alone.
 */
export function filterImages(
  images: readonly Image[],
  filters: Filters,
  service: Pick<ImageService, "get">,
): Image[] {
  checkKeys(filters, ["before", "since", "dangling", "label", "reference", "until", "id"]);
  const dangling = booleanFilter(filters, "dangling");
  const values = (key: string): readonly string[] => filters.get(key) ?? [];
  const created = (image: Image): string => image.config.created ?? "";
  const tests: ((image: Image) => boolean)[] = [
    (image) => dangling === undefined || dangling === (image.references.length === 0),
    (image) => matchesLabels(image.config.config?.Labels ?? {}, values("label")),
    (image) =>
      none(values("id")) ||
      values("id").some((id) => image.id.replace("sha256:", "").startsWith(id.replace("sha256:", ""))),
    (image) => values("before").every((name) => created(image) < created(service.get(name))),
    (image) => values("since").every((name) => created(image) > created(service.get(name))),
    (image) => values("until").every((text) => Date.parse(created(image)) < parseUntil(text)),
    (image) => none(values("reference")) || matchesReference(image, values("reference")),
  ];
  const matching = images.filter((image) => tests.every((test) => test(image)));
  const patterns = values("reference");
  return none(patterns) ? matching : matching.map((image) => withNames(image, patterns));
}

function withNames(image: Image, patterns: readonly string[]): Image {
  const matching = (texts: readonly string[]) => texts.filter((text) => matchesName(text, patterns));
  return { ...image, references: matching(image.references), digests: matching(image.digests) };
}

function none(values: readonly string[]): boolean {
  return values.length === 0;
}

function matchesReference(image: Image, patterns: readonly string[]): boolean {
  return namesOf(image).some((text) => matchesName(text, patterns));
}

function matchesName(name: string, patterns: readonly string[]): boolean {
  return matchesAny(patterns, (pattern) => matchReference(pattern, parseReference(name)));
}

/** Tags and repository digests: both are names to go by. */
function namesOf({ references, digests }: Image): readonly string[] {
  return [...references, ...digests];
}

import { formatFilters } from "../wire/index.ts";

/** Every call can be given up; it then rejects with the signal's reason. */
export interface Cancel {
  readonly signal?: AbortSignal | undefined;
}

/** Filters of a list: for each key the values of which one must match. */
export type ListFilters = Readonly<Record<string, readonly string[]>>;

export interface TerminalSize {
  readonly height: number;
  readonly width: number;
}

/** The `filters` value of a query, left out when there are none. */
export function filtersOf(filters: ListFilters | undefined): string | undefined {
  return filters && Object.keys(filters).length > 0 ? formatFilters(filters) : undefined;
}

/** For each name the names it needs; names that are not keys are passed over. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** The first cycle among `needs`, its first name repeated at the end; undefined when there is none. */
export function dependencyCycle(needs: Needs): string[] | undefined {
  const done = new Set<string>();
  for (const name of needs.keys()) {
    const cycle = walk(name, [], needs, done);
    if (cycle) return cycle;
  }
  return undefined;
}

function walk(name: string, trail: readonly string[], needs: Needs, done: Set<string>): string[] | undefined {
  const seen = trail.indexOf(name);
  if (seen >= 0) return [...trail.slice(seen), name];
  if (done.has(name)) return undefined;
  for (const other of needs.get(name) ?? []) {
    const cycle = walk(other, [...trail, name], needs, done);
    if (cycle) return cycle;
  }
  done.add(name);
  return undefined;
}

/** The names such that each stands after what it needs; otherwise in the order given. */
export function inOrder(needs: Needs): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name) || !needs.has(name)) return;
    seen.add(name);
    for (const other of needs.get(name) ?? []) visit(other);
    order.push(name);
  };
  for (const name of needs.keys()) visit(name);
  return order;
}

/** `names` and all that they need, directly or not. */
export function closure(names: Iterable<string>, needs: Needs): Set<string> {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...(needs.get(name) ?? []));
  }
  return found;
}

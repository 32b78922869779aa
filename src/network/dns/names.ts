/** What a name table needs to know of an endpoint. */
export interface NamedEndpoint {
  readonly names: readonly string[];
  readonly ipv4Address: string;
}

interface NetworkNames {
  readonly name: string;
  readonly endpoints: Map<string, NamedEndpoint>;
}

/** What one sandbox can look up. */
export interface Lookup {
  /** The addresses of a name; undefined when no network of the sandbox knows it. */
  addressesOf(name: string): readonly string[] | undefined;
  /** The full name of an address on a network of the sandbox. */
  nameOf(address: string): string | undefined;
}

/** The names of running endpoints, network by network. Names are compared in lower case. */
export class NameTable {
  readonly #networks = new Map<string, NetworkNames>();

  /** Adds an endpoint, or gives it other names. */
  set(network: { id: string; name: string }, sandboxID: string, endpoint: NamedEndpoint): void {
    const known = this.#networks.get(network.id) ?? {
      name: network.name.toLowerCase(),
      endpoints: new Map(),
    };
    const names = endpoint.names.map((name) => name.toLowerCase());
    known.endpoints.set(sandboxID, { names, ipv4Address: endpoint.ipv4Address });
    this.#networks.set(network.id, known);
  }

  remove(networkID: string, sandboxID: string): void {
    const known = this.#networks.get(networkID);
    if (!known?.endpoints.delete(sandboxID)) return;
    if (known.endpoints.size === 0) this.#networks.delete(networkID);
  }

  /** Looks through networks in order; the first that knows a name answers for it. */
  lookup(networkIDs: readonly string[]): Lookup {
    const networks = networkIDs.flatMap((id) => this.#networks.get(id) ?? []);
    return {
      addressesOf: (name) => addressesIn(networks, name.toLowerCase()),
      nameOf: (address) => nameIn(networks, address),
    };
  }
}

function addressesIn(networks: readonly NetworkNames[], name: string): readonly string[] | undefined {
  for (const network of networks) {
    const suffix = `.${network.name}`;
    const bare = name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
    const found = [...network.endpoints.values()]
      .filter(({ names }) => names.includes(name) || (bare !== undefined && names.includes(bare)))
      .map(({ ipv4Address }) => ipv4Address);
    if (found.length > 0) return found;
  }
  return undefined;
}

function nameIn(networks: readonly NetworkNames[], address: string): string | undefined {
  for (const network of networks) {
    const found = [...network.endpoints.values()].find(({ ipv4Address }) => ipv4Address === address);
    if (found?.names[0]) return `${found.names[0]}.${network.name}`;
  }
  return undefined;
}

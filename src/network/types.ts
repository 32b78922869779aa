/** What belongs to a network's record. `id` is 64 hex digits, `bridge` the Linux link. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: "bridge" | "host" | "none";
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly subnet: string;
  readonly gateway: string;
  readonly ipRange?: string;
  /** Addresses that no endpoint gets, by the names that the user gave them. */
  readonly reserved?: Readonly<Record<string, string>>;
  /** True when the user chose the subnet. */
  readonly userSubnet: boolean;
  readonly bridge: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkCreateOptions {
  readonly name: string;
  readonly driver?: string;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly ipRange?: string;
  readonly reserved?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface EndpointRequest {
  /** Network ID. */
  readonly networkID: string;
  /** Names that others on this network resolve to this endpoint. The container's name and short ID come first. */
  readonly names: readonly string[];
  readonly ipv4Address?: string;
  readonly macAddress?: string;
}

export interface PublishRequest {
  readonly protocol: "tcp" | "udp";
  readonly containerPort: number;
  /** Empty: every address. */
  readonly hostIP: string;
  /** 0: a free one is chosen. A range asks for the first free port in it. */
  readonly hostPort: number;
  readonly hostPortEnd?: number;
}

export interface PublishedPort {
  readonly protocol: "tcp" | "udp";
  readonly containerPort: number;
  readonly hostIP: string;
  readonly hostPort: number;
}

export interface SandboxRequest {
  /** The container's ID. */
  readonly id: string;
  /** For error texts. */
  readonly containerName: string;
  readonly endpoints: readonly EndpointRequest[];
  readonly ports: readonly PublishRequest[];
  /** Sandboxes with the same key may publish the same host port; the kernel spreads connections over them. */
  readonly shareKey?: string;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
}

export interface Endpoint {
  readonly id: string;
  readonly networkID: string;
  readonly networkName: string;
  readonly names: readonly string[];
  readonly interfaceName: string;
  readonly ipv4Address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly macAddress: string;
}

/** A container's network stack: a namespace pinned to a file, its endpoints and its published ports. */
export interface Sandbox {
  readonly id: string;
  readonly path: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
  /** The text for the container's /etc/resolv.conf. */
  readonly resolvConf: string;
}

/**
 * Networks, and the network stacks of containers. Only links, tables and namespaces that carry this engine's
 * prefix are ever touched. Calls on the run path spawn no process.
 */
export interface NetworkService {
  /** Makes record, bridge and firewall rules; throws `conflict` for a taken name or subnet, `invalid` for bad addressing. */
  create(options: NetworkCreateOptions): Promise<Network>;
  /** Throws `denied` while endpoints are attached or for a predefined network. */
  remove(id: string): Promise<void>;
  /** By name, full ID or unique ID prefix; throws `not-found` with Docker's words, `invalid` when ambiguous. */
  get(reference: string): Network;
  list(): readonly Network[];
  /**
   * Opens the stack of a container: namespace, loopback, one endpoint a network, ports, DNS. All or nothing.
   * Throws `conflict` when a host port is taken (Docker's words), `invalid` for a bad address.
   */
  openSandbox(request: SandboxRequest): Promise<Sandbox>;
  /** Closes and forgets; absent is a success. Returns before the kernel has reaped the links. */
  closeSandbox(id: string): Promise<void>;
  findSandbox(id: string): Sandbox | undefined;
  /** Adds or takes away an endpoint of a running container. */
  connect(sandboxID: string, request: EndpointRequest): Promise<Endpoint>;
  disconnect(sandboxID: string, networkID: string): Promise<void>;
  /** Sandboxes attached to a network. */
  attached(networkID: string): readonly { sandboxID: string; endpoint: Endpoint }[];
  /** New names for DNS after a rename. */
  rename(sandboxID: string, names: ReadonlyMap<string, readonly string[]>): void;
  /**
   * After a start of the engine: rebuilds bridges, firewall and DNS from the records, keeps the sandboxes of
   * `alive`, closes every other one, and makes the predefined networks where absent.
   */
  restore(alive: ReadonlySet<string>): Promise<void>;
  /** Stops DNS and frees descriptors; kernel state stays, containers go on. */
  close(): Promise<void>;
  /** Removes every link, table, namespace and record of this engine. */
  reset(): Promise<void>;
}

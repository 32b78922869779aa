import type { ContainerCreateRequest, ContainerStatus } from "../wire/index.ts";
import type { Plan } from "./graph.ts";
import { label } from "./labels.ts";
import { loadProject, type Project } from "./model/index.ts";
import type { Observed, ObservedContainer, ObservedImage } from "./observe.ts";
import type { Operation } from "./operation.ts";

/** The project that a Compose text describes. */
export async function projectOf(text: string, services: readonly string[] = []): Promise<Project> {
  const { project } = await loadProject({
    directory: "/app",
    environment: {},
    projectName: "p",
    files: ["-"],
    services,
    readStandardInput: async () => text,
  });
  return project;
}

/** An engine in memory that does what plans say, so that the next plan sees the result. */
export class FakeEngine {
  readonly images = new Map<string, ObservedImage>();
  #containers: ObservedContainer[] = [];
  readonly #networks = new Map<string, string>();
  readonly #networkLabels = new Map<string, Record<string, string>>();
  readonly #volumes = new Map<string, Record<string, string>>();
  #next = 1;

  constructor(images: Readonly<Record<string, string>> = { a: "sha256:1", b: "sha256:2" }) {
    for (const [name, id] of Object.entries(images)) this.images.set(name, { id, healthcheck: false });
  }

  observed(): Observed {
    return {
      containers: [...this.#containers].sort((a, b) => a.number - b.number),
      images: this.images,
      networks: new Map(
        [...this.#networks].map(([name, id]) => [
          name,
          networkOf(name, id, this.#networkLabels.get(name) ?? {}),
        ]),
      ),
      volumes: new Map(
        [...this.#volumes].map(([name, labels]) => [
          name,
          {
            Name: name,
            Driver: "local",
            Mountpoint: "",
            CreatedAt: "",
            Labels: labels,
            Scope: "local",
            Options: null,
          },
        ]),
      ),
    };
  }

  /** Does all steps in their order. */
  apply(plan: Plan): void {
    for (const { operation } of plan.nodes) this.perform(operation);
  }

  setState(name: string, state: ContainerStatus): void {
    this.#change(name, (container) => ({ ...container, state }));
  }

  perform(operation: Operation): void {
    switch (operation.kind) {
      case "CreateNetwork":
        this.#networks.set(operation.request.Name, this.#id());
        this.#networkLabels.set(operation.request.Name, operation.request.Labels ?? {});
        return;
      case "RemoveNetwork":
        this.#networks.delete(operation.name);
        return;
      case "CreateVolume":
        this.#volumes.set(operation.request.Name, operation.request.Labels ?? {});
        return;
      case "RemoveVolume":
        this.#volumes.delete(operation.name);
        return;
      case "CreateContainer":
        this.#create(operation.name, operation.request);
        return;
      case "StartContainer":
      case "RestartContainer":
      case "UnpauseContainer":
        this.setState(operation.container.ref, "running");
        return;
      case "StopContainer":
      case "KillContainer":
        this.setState(operation.container.ref, "exited");
        return;
      case "RemoveContainer":
        this.#containers = this.#containers.filter(({ id }) => id !== operation.container.ref);
        return;
      case "RenameContainer":
        this.#change(operation.container.ref, (container) => ({ ...container, name: operation.to }));
        return;
      default:
        return;
    }
  }

  #create(name: string, request: ContainerCreateRequest): void {
    if (this.#containers.some((other) => other.name === name)) throw new Error(`name ${name} is taken`);
    const labels = request.Labels ?? {};
    const networks = Object.keys(request.NetworkingConfig?.EndpointsConfig ?? {});
    this.#containers.push({
      id: this.#id(),
      name,
      service: labels[label.service] ?? "",
      number: Number(labels[label.number]),
      oneoff: false,
      state: "created",
      hash: labels[label.hash],
      imageID: labels[label.image] ?? "",
      networks: new Map(networks.map((network) => [network, this.#networks.get(network) ?? ""])),
      mounts: (request.HostConfig?.Mounts ?? []).map(({ Type, Source = "", Target }) => ({
        Type,
        Name: Source === "" ? this.#id() : Source,
        Source,
        Destination: Target,
        Mode: "",
        RW: true,
        Propagation: "",
      })),
      created: this.#next,
      labels,
    });
  }

  #change(ref: string, change: (container: ObservedContainer) => ObservedContainer): void {
    if (!this.#containers.some(({ id, name }) => id === ref || name === ref))
      throw new Error(`no container ${ref}`);
    this.#containers = this.#containers.map((one) =>
      one.id === ref || one.name === ref ? change(one) : one,
    );
  }

  #id(): string {
    const id = String(this.#next).padStart(12, "0").padEnd(64, "f");
    this.#next += 1;
    return id;
  }
}

function networkOf(name: string, id: string, labels: Record<string, string>) {
  return {
    Name: name,
    Id: id,
    Created: "",
    Scope: "local",
    Driver: "bridge",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: labels,
  };
}

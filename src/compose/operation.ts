import type { ContainerCreateRequest, NetworkCreateRequest, VolumeCreateRequest } from "../wire/index.ts";
import type { Project, Service } from "./model/index.ts";

/** A container that a call is about: found by `ref` (ID or name), shown by `name`. */
export interface ContainerRef {
  readonly ref: string;
  readonly name: string;
}

/**
 * What a wait is for. `started`: running, and healthy where it has a check. `settled`: running for a while without
 * having ended.
 */
export type WaitFor = "healthy" | "completed" | "started" | { readonly settled: number };

/** One call to the engine. */
export type Operation =
  | {
      readonly kind: "BuildImage";
      readonly project: Project;
      readonly service: Service;
      readonly image: string;
    }
  | {
      readonly kind: "PullImage";
      readonly image: string;
      readonly service: string;
      readonly platform?: string;
    }
  | { readonly kind: "RemoveImage"; readonly image: string }
  | { readonly kind: "CreateNetwork"; readonly request: NetworkCreateRequest }
  | { readonly kind: "RemoveNetwork"; readonly name: string; readonly id: string }
  | { readonly kind: "CreateVolume"; readonly request: VolumeCreateRequest & { readonly Name: string } }
  | { readonly kind: "RemoveVolume"; readonly name: string }
  | {
      readonly kind: "CreateContainer";
      readonly name: string;
      readonly request: ContainerCreateRequest;
      readonly platform?: string;
    }
  | { readonly kind: "StartContainer"; readonly container: ContainerRef }
  | {
      readonly kind: "StopContainer";
      readonly container: ContainerRef;
      readonly timeout?: number;
    }
  | { readonly kind: "RestartContainer"; readonly container: ContainerRef; readonly timeout?: number }
  | { readonly kind: "KillContainer"; readonly container: ContainerRef; readonly signal: string }
  | { readonly kind: "PauseContainer"; readonly container: ContainerRef }
  | { readonly kind: "UnpauseContainer"; readonly container: ContainerRef }
  | {
      readonly kind: "RemoveContainer";
      readonly container: ContainerRef;
      readonly volumes: boolean;
      readonly force: boolean;
    }
  | { readonly kind: "RenameContainer"; readonly container: ContainerRef; readonly to: string }
  | {
      readonly kind: "WaitContainer";
      readonly container: ContainerRef;
      readonly until: WaitFor;
      /** Whether what comes after goes on when the wait is in vain. */
      readonly optional?: boolean;
    };

export type OperationKind = Operation["kind"];

/** What the operation is done to, in a word: `p-web-1`, `p_default`. */
export function targetOf(operation: Operation): string {
  switch (operation.kind) {
    case "BuildImage":
    case "PullImage":
    case "RemoveImage":
      return operation.image;
    case "CreateNetwork":
    case "CreateVolume":
      return operation.request.Name;
    case "RemoveNetwork":
    case "RemoveVolume":
    case "CreateContainer":
      return operation.name;
    case "RenameContainer":
      return `${operation.container.name} to ${operation.to}`;
    case "WaitContainer":
      return `${operation.container.name} ${untilText(operation.until)}`;
    default:
      return operation.container.name;
  }
}

function untilText(until: WaitFor): string {
  return typeof until === "string" ? until : `settled for ${until.settled}ms`;
}

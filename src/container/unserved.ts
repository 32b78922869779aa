import { EngineError } from "../base/index.ts";
import type { HostConfig } from "../wire/index.ts";

interface DeviceRequest {
  readonly Driver?: unknown;
  readonly DeviceIDs?: unknown;
  readonly Capabilities?: unknown;
}

/** What Docker knows and this engine does not do is refused in Docker's words rather than ignored. Pure. */
export function checkUnserved(host: HostConfig): void {
  if (host.VolumeDriver && host.VolumeDriver !== "local") {
    throw invalid(
      `error looking up volume plugin ${host.VolumeDriver}: plugin "${host.VolumeDriver}" not found`,
    );
  }
  for (const request of host.DeviceRequests ?? []) refuseDevices(request);
  if (host.Isolation && host.Isolation !== "default") {
    throw invalid(`invalid isolation '${host.Isolation}' on linux`);
  }
  if (host.Cgroup && !/^container:.+$/.test(host.Cgroup)) throw invalid(`invalid cgroup: ${host.Cgroup}`);
}

/** Neither a driver of graphics cards nor a registry of CDI devices is here. */
function refuseDevices(request: DeviceRequest): never {
  const { Driver: driver, DeviceIDs: ids, Capabilities: capabilities } = request;
  if (driver === "cdi") {
    const names = Array.isArray(ids) ? ids.join(", ") : "";
    throw invalid(`CDI device injection failed: unresolvable CDI devices ${names}`);
  }
  const list = Array.isArray(capabilities) ? capabilities : [];
  const shown = list.map((group: unknown) => `[${Array.isArray(group) ? group.join(" ") : ""}]`).join(" ");
  throw invalid(
    `could not select device driver "${typeof driver === "string" ? driver : ""}" with capabilities: [${shown}]`,
  );
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "" });
}

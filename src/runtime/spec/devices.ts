import { EngineError } from "../../base/index.ts";
import type { LinuxResources, LinuxSpec } from "../../oci/index.ts";
import type { DeviceNode, SpecInput } from "../spec-input.ts";

type Rules = NonNullable<LinuxResources["devices"]>;
type DeviceInput = Pick<SpecInput, "privileged" | "devices" | "deviceCgroupRules" | "host">;

const fullAccess = "rwm";
/** null, zero, full, random, urandom, tty, console: what the runtime itself makes in /dev. */
const allowed: readonly (readonly [number, number])[] = [
  [1, 5],
  [1, 3],
  [1, 9],
  [1, 8],
  [1, 7],
  [5, 0],
  [5, 1],
];

/** Device files to make and the cgroup rules that allow them. Throws `invalid` with Docker's words. */
export function buildDevices(input: DeviceInput): { nodes: NonNullable<LinuxSpec["devices"]>; rules: Rules } {
  if (input.privileged) {
    const nodes = (input.host.lookupDevices?.("/dev") ?? []).map((node) => fileOf(node, node.path));
    return { nodes, rules: [{ allow: true, access: fullAccess }] };
  }
  const added = input.devices.flatMap((device) =>
    lookup(input, device.pathOnHost).map((node) => ({
      node,
      path: device.pathInContainer + node.path.slice(device.pathOnHost.length),
      access: permissions(device.permissions),
    })),
  );
  return {
    nodes: added.map(({ node, path }) => fileOf(node, path)),
    rules: [
      { allow: false, access: fullAccess },
      ...allowed.map(([major, minor]) => ({ allow: true, type: "c", major, minor, access: fullAccess })),
      { allow: false, type: "c", major: 10, minor: 229, access: fullAccess },
      ...added.map(({ node, access }) => ({
        allow: true,
        type: node.type,
        major: node.major,
        minor: node.minor,
        access,
      })),
      ...input.deviceCgroupRules.map(parseRule),
    ],
  };
}

function lookup(input: DeviceInput, path: string): readonly DeviceNode[] {
  const nodes = input.host.lookupDevices?.(path) ?? [];
  if (nodes.length > 0) return nodes;
  throw new EngineError(
    "invalid",
    `error gathering device information while adding custom device "${path}": no such file or directory`,
    { subject: path },
  );
}

function fileOf(node: DeviceNode, path: string): NonNullable<LinuxSpec["devices"]>[number] {
  const { type, major, minor, mode, uid, gid } = node;
  return { path, type, major, minor, fileMode: mode, uid, gid };
}

function permissions(text: string): string {
  if (/^[rwm]{1,3}$/.test(text)) return text;
  throw new EngineError("invalid", `invalid device mode: ${text}`, { subject: text });
}

/** `c 1:3 rwm`, `a *:* rwm`. */
function parseRule(text: string): Rules[number] {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  const [, type, major, minor, access] = match ?? [];
  if (!type || !major || !minor || !access) {
    throw new EngineError("invalid", `invalid device cgroup rule format: '${text}'`, { subject: text });
  }
  return {
    allow: true,
    type,
    access,
    ...(major === "*" ? {} : { major: Number(major) }),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
  };
}

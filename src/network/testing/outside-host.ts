import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createNetworkNamespace,
  netlinkProtocols,
  openNetlink,
  removeNetworkNamespace,
  withNetworkNamespace,
} from "../../sys/index.ts";
import { parseAddress } from "../ipv4.ts";
import { randomMac } from "../mac.ts";
import {
  addAddress,
  createVeth,
  deleteLink,
  getLink,
  perform,
  setDefaultRoute,
  setUp,
} from "../netlink/index.ts";

/** Another machine, reached by a link of its own. Dispose it to remove it. */
export interface OutsideHost extends AsyncDisposable {
  readonly path: string;
  /** Its own address. */
  readonly address: string;
  /** The address of this host on the link between them. */
  readonly hostAddress: string;
}

export async function openOutsideHost(): Promise<OutsideHost> {
  const tag = randomBytes(3).toString("hex");
  const path = join(tmpdir(), `gantry-outside-${tag}`);
  const [a = 0, b = 0] = randomBytes(2);
  const subnet = `10.${64 + (a % 64)}.${b}`;
  const name = `to${tag}`;
  createNetworkNamespace(path);
  using host = openNetlink(netlinkProtocols.route);
  const namespace = openSync(path, "r");
  const link = { macAddress: randomMac(), mtu: 1500 };
  // Master 0: a port of no bridge.
  const pair = createVeth(
    { ...link, name },
    { bridgeIndex: 0, peer: { ...link, macAddress: randomMac(), name: "eth0" }, namespace },
  );
  perform(host, [pair]);
  closeSync(namespace);
  const hostLink = getLink(host, name).index;
  const hostAddress = `${subnet}.1`;
  const address = `${subnet}.2`;
  perform(host, [addAddress({ index: hostLink, address: parseAddress(hostAddress) ?? 0, prefixLength: 24 })]);
  withNetworkNamespace(path, () => {
    using inside = openNetlink(netlinkProtocols.route);
    const { index } = getLink(inside, "eth0");
    perform(inside, [
      setUp({ name: "lo" }),
      addAddress({ index, address: parseAddress(address) ?? 0, prefixLength: 24 }),
      setUp({ index }),
      setDefaultRoute({ index, gateway: parseAddress(hostAddress) ?? 0 }),
    ]);
  });
  // Makes the kernel note the carrier at once.
  getLink(host, name);
  return {
    path,
    address,
    hostAddress,
    [Symbol.asyncDispose]: async () => {
      removeNetworkNamespace(path);
      using socket = openNetlink(netlinkProtocols.route);
      perform(socket, [{ ...deleteLink({ name }), tolerates: ["ENODEV"] }]);
    },
  };
}

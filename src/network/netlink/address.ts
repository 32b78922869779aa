import { lastAddress, networkBase } from "../ipv4.ts";
import { attribute, join, networkU32, type Request, requestFlags, u32 } from "./message.ts";

const newAddress = 20;
const deleteAddressType = 21;
const getAddress = 22;
const newRoute = 24;
const getRoute = 26;
const inet = 2;
const mainTable = 254;

export interface LinkAddress {
  readonly index: number;
  readonly address: number;
  readonly prefixLength: number;
}

/** Gives a link an IPv4 address with the broadcast address of its subnet. */
export function addAddress(entry: LinkAddress): Request {
  const base = networkBase(entry.address, entry.prefixLength);
  const broadcast = lastAddress({ base, prefixLength: entry.prefixLength });
  return {
    call: "add address to",
    subject: `link ${entry.index}`,
    type: newAddress,
    flags: requestFlags.create | requestFlags.replace,
    body: join(addressBody(entry), attribute(4, networkU32(broadcast))),
  };
}

/** Takes an address from a link. */
export function deleteAddress(entry: LinkAddress): Request {
  return {
    call: "remove address from",
    subject: `link ${entry.index}`,
    type: deleteAddressType,
    flags: requestFlags.none,
    body: addressBody(entry),
  };
}

/** The default route by a gateway on a link, in place of one that may exist. */
export function setDefaultRoute(route: { gateway: number; index: number }): Request {
  const protocolBoot = 3;
  const unicast = 1;
  const header = new Uint8Array([inet, 0, 0, 0, mainTable, protocolBoot, 0, unicast, 0, 0, 0, 0]);
  return {
    call: "add default route to",
    subject: `link ${route.index}`,
    type: newRoute,
    flags: requestFlags.create | requestFlags.replace,
    body: join(header, attribute(5, networkU32(route.gateway)), attribute(4, u32(route.index))),
  };
}

/** Asks for all IPv4 addresses. */
export function dumpAddresses(): Request {
  return {
    call: "list addresses",
    subject: "",
    type: getAddress,
    flags: requestFlags.dump,
    body: new Uint8Array([inet, 0, 0, 0, 0, 0, 0, 0]),
  };
}

/** Asks for all IPv4 routes. */
export function dumpRoutes(): Request {
  const body = new Uint8Array(12);
  body[0] = inet;
  return { call: "list routes", subject: "", type: getRoute, flags: requestFlags.dump, body };
}

function addressBody(entry: LinkAddress): Uint8Array {
  const header = new Uint8Array(8);
  const view = new DataView(header.buffer);
  view.setUint8(0, inet);
  view.setUint8(1, entry.prefixLength);
  view.setUint32(4, entry.index, true);
  const value = networkU32(entry.address);
  return join(header, attribute(2, value), attribute(1, value));
}

import { dumpNetlink, type NetlinkSocket, netlinkProtocols } from "../../sys/index.ts";
import type { Subnet } from "../ipv4.ts";
import { dumpAddresses, dumpRoutes, type LinkAddress } from "./address.ts";
import {
  type Answer,
  attributesOf,
  numberOf,
  parseAnswers,
  textOf,
  throwFailures,
  viewOf,
} from "./answer.ts";
import { dumpLinks, queryLink } from "./link.ts";
import { encode, type Request } from "./message.ts";
import { perform } from "./perform.ts";

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Whose it is, in words; empty: nobody said. */
  readonly alias: string;
  /** Index of the bridge that it is a port of; 0: none. */
  readonly master: number;
  /** `bridge`, `veth`, …; empty for hardware. */
  readonly kind: string;
  readonly up: boolean;
}

export interface Route {
  readonly destination: Subnet;
  readonly table: number;
  /** Index of the outgoing link; 0 for routes without one. */
  readonly link: number;
}

/** All links of the current namespace. */
export function listLinks(): readonly Link[] {
  return dump(dumpLinks()).map(parseLink);
}

/** All IPv4 addresses of the current namespace. */
export function listAddresses(): readonly LinkAddress[] {
  return dump(dumpAddresses()).map((answer) => {
    const attributes = attributesOf(answer.body, 8);
    return {
      index: viewOf(answer.body).getUint32(4, true),
      prefixLength: answer.body[1] ?? 0,
      address: numberOf(attributes.get(2) ?? attributes.get(1), false) ?? 0,
    };
  });
}

/** All IPv4 routes of the current namespace, default routes and the kernel's local table left out. */
export function listRoutes(): readonly Route[] {
  const localTable = 255;
  return dump(dumpRoutes())
    .map((answer) => {
      const attributes = attributesOf(answer.body, 12);
      const prefixLength = answer.body[1] ?? 0;
      const base = numberOf(attributes.get(1), false) ?? 0;
      return {
        destination: { base, prefixLength },
        table: numberOf(attributes.get(15)) ?? answer.body[4] ?? 0,
        link: numberOf(attributes.get(4)) ?? 0,
      };
    })
    .filter((route) => route.destination.prefixLength > 0 && route.table !== localTable);
}

/** The link of this name in the socket's namespace; throws `not-found` (ENODEV). */
export function getLink(socket: NetlinkSocket, name: string): Link {
  const answer = perform(socket, [queryLink({ name })]).find(({ error }) => error === undefined);
  return parseLink(answer ?? { type: 0, sequence: 0, body: new Uint8Array(16) });
}

function dump(request: Request): readonly Answer[] {
  const answers = parseAnswers(dumpNetlink(netlinkProtocols.route, encode([request])));
  throwFailures(answers, [request]);
  return answers.filter(({ error }) => error === undefined);
}

function parseLink(answer: Answer): Link {
  const attributes = attributesOf(answer.body, 16);
  const info = attributes.get(18);
  const view = viewOf(answer.body);
  return {
    index: view.getInt32(4, true),
    name: textOf(attributes.get(3)),
    alias: textOf(attributes.get(20)),
    master: numberOf(attributes.get(10)) ?? 0,
    kind: info ? textOf(attributesOf(info, 0).get(1)) : "",
    up: (view.getUint32(8, true) & 1) === 1,
  };
}

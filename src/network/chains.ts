import { dumpNetlink, netlinkProtocols } from "../sys/index.ts";
import {
  attributesOf,
  encode,
  numberOf,
  parseAnswers,
  requestFlags,
  textOf,
  throwFailures,
} from "./netlink/index.ts";

/** A firewall chain of anybody's on this host. */
export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of chains that stand in a packet's path: where, by the kernel's number. */
  readonly hook: number | undefined;
  /** True when it drops what none of its rules decides. */
  readonly drops: boolean;
}

const getChain = (10 << 8) | 4;
const drop = 0;
const families: Readonly<Record<number, string>> = { 1: "inet", 2: "ip" };

/** All chains of the families that see IPv4 packets. */
export function listChains(): readonly Chain[] {
  const request = {
    call: "list chains",
    subject: "",
    type: getChain,
    flags: requestFlags.dump,
    body: new Uint8Array(4),
  };
  const answers = parseAnswers(dumpNetlink(netlinkProtocols.netfilter, encode([request])));
  throwFailures(answers, [request]);
  return answers.filter(({ error }) => error === undefined).flatMap(({ body }) => readChain(body) ?? []);
}

function readChain(body: Uint8Array): Chain | undefined {
  const family = families[body[0] ?? 0];
  if (!family) return undefined;
  const attributes = attributesOf(body, 4);
  const hook = attributes.get(4);
  return {
    family,
    table: textOf(attributes.get(1)),
    name: textOf(attributes.get(3)),
    hook: hook && numberOf(attributesOf(hook, 0).get(1), false),
    drops: numberOf(attributes.get(5), false) === drop,
  };
}

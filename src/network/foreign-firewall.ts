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

const getChain = (10 << 8) | 4;
const forwardHook = 2;
const drop = 0;
const families: Readonly<Record<number, string>> = { 1: "inet", 2: "ip" };

/**
 * Chains of others that drop whatever they do not know of what the host passes on, as `family table chain`. A drop
 * is final: our own table cannot let through what such a chain refuses.
 */
export function droppingChains(): readonly string[] {
  const request = {
    call: "list chains",
    subject: "",
    type: getChain,
    flags: requestFlags.dump,
    body: new Uint8Array(4),
  };
  const answers = parseAnswers(dumpNetlink(netlinkProtocols.netfilter, encode([request])));
  throwFailures(answers, [request]);
  return answers.filter(({ error }) => error === undefined).flatMap(({ body }) => dropping(body) ?? []);
}

function dropping(body: Uint8Array): string | undefined {
  const family = families[body[0] ?? 0];
  const attributes = attributesOf(body, 4);
  const hook = attributes.get(4);
  if (!family || !hook) return undefined;
  const isForward = numberOf(attributesOf(hook, 0).get(1), false) === forwardHook;
  const dropsRest = numberOf(attributes.get(5), false) === drop;
  if (!isForward || !dropsRest) return undefined;
  return `${family} ${textOf(attributes.get(1))} ${textOf(attributes.get(3))}`;
}

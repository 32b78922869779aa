export { Firewall } from "./firewall.ts";
export { type BridgeRules, forwardingMark, type PortRules, portKey } from "./ruleset.ts";

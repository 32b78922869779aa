export { Firewall } from "./firewall.ts";
export { type BridgeRules, type PortRules, portKey } from "./ruleset.ts";

export { type RelayOptions, relay } from "./relay.ts";
export { type SessionOptions, session } from "./session.ts";

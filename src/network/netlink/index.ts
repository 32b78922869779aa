export {
  addAddress,
  deleteAddress,
  type LinkAddress,
  setDefaultRoute,
} from "./address.ts";
export { attributesOf, numberOf, parseAnswers, textOf, throwFailures } from "./answer.ts";
export {
  createBridge,
  createVeth,
  deleteLink,
  ipv4Settings,
  type LinkReference,
  type LinkSettings,
  muteBridgePort,
  queryLink,
  setAlias,
  setBridgePort,
  setIPv4,
  setMac,
  setMaster,
  setNoIPv6,
  setUp,
} from "./link.ts";
export {
  attribute,
  encode,
  encodeBatch,
  join,
  nest,
  networkU16,
  networkU32,
  type Request,
  requestFlags,
  text,
  u8,
  u32,
} from "./message.ts";
export { perform } from "./perform.ts";
export { getLink, type Link, listAddresses, listLinks, listRoutes, type Route } from "./tables.ts";

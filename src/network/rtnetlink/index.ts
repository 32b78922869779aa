export {
  addAddress,
  deleteAddress,
  type LinkAddress,
  setDefaultRoute,
} from "./address.ts";
export { parseAnswers, throwFailures } from "./answer.ts";
export {
  createBridge,
  createVeth,
  deleteLink,
  ipv4Settings,
  type LinkReference,
  type LinkSettings,
  muteBridgePort,
  queryLink,
  setBridgePort,
  setIPv4,
  setMac,
  setMaster,
  setNoIPv6,
  setUp,
} from "./link.ts";
export { encode, networkU32, perform, type Request } from "./message.ts";
export { getLink, type Link, listAddresses, listLinks, listRoutes, type Route } from "./tables.ts";

export { openTestEngine, type TestEngine } from "./engine.ts";
export { listTable, runNft } from "./nft-listing.ts";
export { type OutsideHost, openOutsideHost } from "./outside-host.ts";
export { queryFor, replyTo, summary } from "./queries.ts";
export {
  askUdp,
  type Connection,
  connectTcp,
  type Datagrams,
  greeting,
  inside,
  openDatagrams,
  outcome,
  serveTcp,
  serveUdp,
  soon,
} from "./traffic.ts";

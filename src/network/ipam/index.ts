export { chooseAddress } from "./choose-address.ts";
export { type Addressing, defaultAddressing, firstFree, userAddressing } from "./choose-subnet.ts";
export { candidateSubnets } from "./pools.ts";

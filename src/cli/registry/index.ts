export {
  allCredentials,
  buildAuth,
  eraseCredentials,
  findCredentials,
  registryAuth,
  storeCredentials,
} from "./credentials.ts";
export { fullReference, hubKey, registryHost, registryKey, serverKey } from "./registry-name.ts";

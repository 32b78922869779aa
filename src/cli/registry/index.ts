export {
  allCredentials,
  eraseCredentials,
  findCredentials,
  registryAuth,
  storeCredentials,
} from "./credentials.ts";
export { hubKey, registryHost, registryKey, serverKey } from "./registry-name.ts";

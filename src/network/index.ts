export { openNetworkService } from "./service.ts";
export type {
  Endpoint,
  EndpointRequest,
  Network,
  NetworkCreateOptions,
  NetworkService,
  PublishedPort,
  PublishRequest,
  Sandbox,
  SandboxRequest,
} from "./types.ts";

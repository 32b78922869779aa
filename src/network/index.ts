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

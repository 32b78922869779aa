import type { Client } from "../client/index.ts";

/** The parts of the client that plans are carried out with. */
export type ComposeClient = Pick<
  Client,
  "containers" | "images" | "builds" | "networks" | "volumes" | "system"
>;

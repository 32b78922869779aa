/** Shapes of the endpoints below `/gantry/`, which Docker's API does not have. */

/** What `POST /gantry/registries` takes. */
export interface RegistryServeRequest {
  Address?: string;
  /** 0 takes a free one. */
  Port?: number;
  Writable?: boolean;
  /** PEM texts. */
  Certificate?: string;
  Key?: string;
  User?: string;
  Password?: string;
  AllowInsecure?: boolean;
}

/** A registry that the engine serves. */
export interface RegistryServed {
  Address: string;
  Writable: boolean;
  Secure: boolean;
  Authenticated: boolean;
  /** RFC 3339. */
  Since: string;
}

/** A request that such a registry has answered. */
export interface RegistryAccess {
  Method: string;
  Path: string;
  Status: number;
  From: string;
}

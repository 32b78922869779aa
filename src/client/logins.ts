/** Where a client finds what the user has logged in to registries with. */
export interface Logins {
  /** The value of `X-Registry-Auth` for the registry of an image. */
  forImage(reference: string): Promise<string>;
  /** The value of `X-Registry-Config`, for a build; undefined when there is nothing to show. */
  forBuild(): Promise<string | undefined>;
}

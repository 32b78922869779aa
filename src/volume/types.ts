/** What is kept of a volume; its files lie in `<directory>/<name>/_data`. */
export interface Volume {
  readonly name: string;
  readonly driver: "local";
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Made without a name, for one container: `rm -v` and a plain prune take it. */
  readonly anonymous: boolean;
}

export interface VolumeCreateOptions {
  /** Absent: an anonymous volume with a random name. */
  readonly name?: string;
  readonly driver?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  /** For a user that is not on record yet; see `keep`. */
  readonly provisional?: boolean;
}

/** Named directories that outlive containers. Who uses one is the caller's knowledge and comes in as IDs. */
export interface VolumeService {
  /** Makes record and directory. A volume of that name is returned as it is; throws `conflict` for other options. */
  create(options: VolumeCreateOptions): Promise<{ volume: Volume; made: boolean }>;
  /** Says that the user of a provisional volume is on record. */
  keep(name: string): void;
  /** Names of volumes whose user a kill may have kept from being recorded. */
  provisional(): readonly string[];
  /** Throws `not-found`: `get X: no such volume`. */
  get(name: string): Volume;
  find(name: string): Volume | undefined;
  list(): readonly Volume[];
  /** The directory that containers see. */
  path(name: string): string;
  /** True while nothing was ever put into it. */
  isEmpty(name: string): Promise<boolean>;
  /** Removes record and files; throws `not-found`, or `conflict` with Docker's words while `usedBy` names anyone. */
  remove(name: string, options: { usedBy: readonly string[] }): Promise<void>;
  /** Bytes on disk. */
  usage(name: string): Promise<number>;
}

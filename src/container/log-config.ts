import { EngineError, parseBytes } from "../base/index.ts";
import type { HostConfig } from "../wire/index.ts";

export type LogDriver = "local" | "json-file" | "journald" | "none";
export const logDrivers: readonly LogDriver[] = ["journald", "json-file", "local", "none"];

/** What containers are given that ask for nothing. */
export interface LogDefaults {
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  /** Socket of systemd's journal. */
  readonly journal: string;
}

export const defaultLogs: LogDefaults = {
  driver: "local",
  options: {},
  journal: "/run/systemd/journal/socket",
};

/** What a log configuration asks for. */
export interface LogOptions {
  readonly driver: LogDriver;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly compress: boolean;
  /** Bytes that may wait for a slow driver before messages are dropped; 0: the container waits. */
  readonly maxBuffer: number;
}

const mebibyte = 1024 ** 2;
/** Compressed, as all but the file being written is, this is about 100 MB of usual text. */
const defaultSize = 64 * mebibyte;
const defaultFiles = 5;
const defaultBuffer = mebibyte;

const forAll = ["mode", "max-buffer-size"];
const marks = ["labels", "labels-regex", "env", "env-regex", "tag"];
const files = ["max-size", "max-file", "compress"];
const known: Readonly<Record<LogDriver, readonly string[]>> = {
  local: [...forAll, ...marks, ...files],
  "json-file": [...forAll, ...marks, ...files],
  journald: [...forAll, ...marks],
  none: [],
};

/** The configuration of a new container, completed by the engine's defaults. */
export function completeLogs(
  config: HostConfig["LogConfig"],
  defaults: LogDefaults,
): { Type: string; Config: Record<string, string> } {
  const type = config?.Type || defaults.driver;
  const options = type === defaults.driver ? defaults.options : {};
  return { Type: type, Config: { ...options, ...config?.Config } };
}

/** Throws `invalid`, in Docker's words, for a driver or an option that is not served. */
export function parseLogOptions(config: HostConfig["LogConfig"]): LogOptions {
  const driver = parseDriver(config?.Type || defaultLogs.driver);
  const options = config?.Config ?? {};
  checkNames(driver, options);
  const maxBuffer = parseMode(options);
  const maxFiles = parseFiles(options, driver);
  const compress = parseCompress(options, driver, maxFiles);
  checkPatterns(options);
  return { driver, maxBytes: parseSize(options), maxFiles, compress: compress && maxFiles > 1, maxBuffer };
}

function parseDriver(type: string): LogDriver {
  const driver = logDrivers.find((one) => one === type);
  if (!driver) throw invalid(`logger: no log driver named '${type}' is registered`, type);
  return driver;
}

function checkNames(driver: LogDriver, options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((key) => !known[driver].includes(key));
  if (unknown === undefined) return;
  if (driver === "none") throw invalid("invalid logging opts for driver none", unknown);
  throw invalid(`unknown log opt '${unknown}' for ${driver} log driver`, unknown);
}

function parseMode(options: Readonly<Record<string, string>>): number {
  const mode = options.mode ?? "";
  const size = options["max-buffer-size"];
  if (!["", "blocking", "non-blocking"].includes(mode)) {
    throw invalid(`logger: logging mode not supported: ${mode}`, mode);
  }
  if (mode === "non-blocking") return size === undefined ? defaultBuffer : parseBuffer(size);
  if (size === undefined) return 0;
  throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'", size);
}

function parseBuffer(text: string): number {
  try {
    return Math.max(1, parseBytes(text));
  } catch {
    throw invalid(`error parsing option max-buffer-size: invalid size: '${text}'`, text);
  }
}

/** As in Docker a JSON file that is given a size alone has no older ones. */
function parseFiles(options: Readonly<Record<string, string>>, driver: LogDriver): number {
  const text = options["max-file"];
  if (text === undefined) return driver === "json-file" && "max-size" in options ? 1 : defaultFiles;
  const count = Number(text);
  if (!/^[+-]?\d+$/.test(text)) throw refused(`error parsing max-file: "${text}": invalid syntax`, text);
  if (count < 1) throw refused("max-file cannot be less than 1", text);
  return Math.min(count, 100_000);
}

/** `-1`: never rotated. */
function parseSize(options: Readonly<Record<string, string>>): number {
  const text = options["max-size"];
  if (text === undefined) return defaultSize;
  if (text === "-1") return 0;
  let size: number;
  try {
    size = parseBytes(text);
  } catch {
    throw refused(`invalid size: '${text}'`, text);
  }
  if (size <= 0) throw refused("max-size must be a positive number", text);
  return size;
}

function parseCompress(
  options: Readonly<Record<string, string>>,
  driver: LogDriver,
  maxFiles: number,
): boolean {
  const text = options.compress;
  if (text === undefined) return driver !== "json-file";
  if (!/^(1|0|t|f|true|false)$/i.test(text)) {
    throw refused(
      `error reading compress log option: strconv.ParseBool: parsing "${text}": invalid syntax`,
      text,
    );
  }
  const compress = /^[1t]/i.test(text);
  if (!compress || maxFiles > 1) return compress;
  throw refused(
    driver === "json-file"
      ? "compress cannot be true when max-file is less than 2 or max-size is not set"
      : "compression cannot be enabled when max file count is 1",
    text,
  );
}

function checkPatterns(options: Readonly<Record<string, string>>): void {
  for (const key of ["labels-regex", "env-regex"]) {
    try {
      new RegExp(options[key] ?? "");
    } catch {
      throw refused(`error parsing regexp: ${options[key]}`, key);
    }
  }
}

function refused(message: string, subject: string): EngineError {
  return invalid(`failed to initialize logging driver: ${message}`, subject);
}

function invalid(message: string, subject: string): EngineError {
  return new EngineError("invalid", message, { subject });
}

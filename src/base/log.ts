export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes structured lines for operators. Fields must hold no secret. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger of `time level message key=value` lines at or above `level`, through `write`. */
export function createLogger(write: (line: string) => void, level: LogLevel = "info"): Logger {
  const at =
    (own: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (order[own] < order[level]) return;
      const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${quote(value)}`);
      write(`${new Date().toISOString()} ${own} ${message}${rest.join("")}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A logger that says nothing, for tests and libraries. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function quote(value: unknown): string {
  const text = value instanceof Error ? value.message : String(value);
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text);
}

import { isRecord, show, toJSON, type Value } from "./values.ts";

const verbPattern = /%([-+ 0#]*)(\d+|\*)?(?:\.(\d+|\*))?([a-zA-Z%])/g;

/** Go's Sprintf, for the verbs that templates use. */
export function sprintf(format: string, values: readonly Value[]): string {
  const rest = [...values];
  const text = format.replace(
    verbPattern,
    (
      _whole: string,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      verb: string,
    ) => {
      if (verb === "%") return "%";
      const size = width === "*" ? Number(rest.shift()) : Number(width ?? 0);
      const digits =
        precision === "*" ? Number(rest.shift()) : precision === undefined ? undefined : Number(precision);
      if (rest.length === 0) return `%!${verb}(MISSING)`;
      return pad(formatVerb(verb, rest.shift(), { flags, digits }), { size, flags });
    },
  );
  return rest.length === 0
    ? text
    : `${text}%!(EXTRA ${rest.map((value) => `${kind(value)}=${show(value)}`).join(", ")})`;
}

interface Style {
  readonly flags: string;
  readonly digits: number | undefined;
}

function formatVerb(verb: string, value: Value, style: Style): string {
  switch (verb) {
    case "s":
    case "v":
      return style.digits !== undefined && verb === "s" ? show(value).slice(0, style.digits) : show(value);
    case "q":
      return toJSON(show(value));
    case "d":
      return typeof value === "number"
        ? signed(Math.trunc(value), style)
        : `%!d(${kind(value)}=${show(value)})`;
    case "f":
    case "g":
    case "e":
      return typeof value === "number"
        ? real(verb, value, style)
        : `%!${verb}(${kind(value)}=${show(value)})`;
    case "x":
    case "X":
    case "o":
    case "b":
      return based(verb, value);
    case "t":
      return typeof value === "boolean" ? String(value) : `%!t(${kind(value)}=${show(value)})`;
    case "c":
      return typeof value === "number" ? String.fromCodePoint(value) : `%!c(${kind(value)}=${show(value)})`;
    case "T":
      return kind(value);
    default:
      return `%!${verb}(${kind(value)}=${show(value)})`;
  }
}

function real(verb: string, value: number, style: Style): string {
  if (verb === "f") return signed(value, style, value.toFixed(style.digits ?? 6));
  if (verb === "e") return signed(value, style, value.toExponential(style.digits ?? 6));
  return signed(
    value,
    style,
    style.digits === undefined ? String(value) : String(Number(value.toPrecision(style.digits))),
  );
}

function signed(value: number, style: Style, text = String(value)): string {
  return style.flags.includes("+") && value >= 0 ? `+${text}` : text;
}

function based(verb: string, value: Value): string {
  if (typeof value === "string" && (verb === "x" || verb === "X")) return Buffer.from(value).toString("hex");
  if (typeof value !== "number") return `%!${verb}(${kind(value)}=${show(value)})`;
  const text = value.toString({ x: 16, X: 16, o: 8, b: 2 }[verb] ?? 10);
  return verb === "X" ? text.toUpperCase() : text;
}

function pad(text: string, { size, flags }: { size: number; flags: string }): string {
  if (flags.includes("-")) return text.padEnd(size);
  return flags.includes("0") && /^-?[\d.]+$/.test(text) ? text.padStart(size, "0") : text.padStart(size);
}

function kind(value: Value): string {
  if (value === undefined || value === null) return "<nil>";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "[]interface {}";
  return isRecord(value) ? "map[string]interface {}" : "string";
}

import { EngineError, parseDuration } from "../../../base/index.ts";
import type { Healthcheck } from "../../../oci/index.ts";
import { parseError } from "../error.ts";
import type { Node } from "../parser/index.ts";
import { commandOf } from "./commands.ts";
import { type Flags, readFlags } from "./flags.ts";
import type { HealthcheckInstruction } from "./types.ts";

const millisecond = 1_000_000;

/** `HEALTHCHECK NONE` or `HEALTHCHECK [--interval=…] CMD …`. */
export function parseHealthcheck(node: Node): HealthcheckInstruction {
  const flags = readFlags(node, {
    interval: "text",
    timeout: "text",
    "start-period": "text",
    "start-interval": "text",
    retries: "text",
  });
  const [type, ...rest] = node.args;
  if (type === undefined) {
    throw parseError(
      "HEALTHCHECK requires at least one argument",
      node.place(),
      "Write HEALTHCHECK CMD … or NONE.",
    );
  }
  if (type.toUpperCase() === "NONE") {
    if (rest.length > 0) throw parseError("HEALTHCHECK NONE takes no arguments", node.place());
    return { kind: "healthcheck", node, healthcheck: { Test: ["NONE"] } };
  }
  if (type.toUpperCase() !== "CMD") {
    throw parseError(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`, node.place(type));
  }
  if (rest.length === 0) throw parseError("Missing command after HEALTHCHECK CMD", node.place());
  return { kind: "healthcheck", node, healthcheck: { Test: testOf(node, rest), ...timing(node, flags) } };
}

function testOf(node: Node, rest: readonly string[]): readonly string[] {
  const command = commandOf(node, rest);
  return command.form === "exec" ? ["CMD", ...command.args] : ["CMD-SHELL", command.text];
}

function timing(node: Node, flags: Flags): Omit<Healthcheck, "Test"> {
  const retries = flags.text("retries");
  if (retries !== undefined && !/^\d+$/.test(retries)) {
    throw parseError(
      `--retries must be a number that is not negative, not ${retries}`,
      node.place("--retries"),
    );
  }
  const span = (flag: string) => spanOf(node, flag, flags.text(flag));
  const given = {
    Interval: span("interval"),
    Timeout: span("timeout"),
    StartPeriod: span("start-period"),
    StartInterval: span("start-interval"),
    Retries: retries === undefined ? undefined : Number(retries),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
}

function spanOf(node: Node, flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    const span = parseDuration(text);
    if (span !== 0 && span < millisecond) {
      throw new EngineError("invalid", `--${flag} ${JSON.stringify(text)} cannot be less than 1ms`, {
        subject: flag,
      });
    }
    return span;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw parseError(error.message, node.place(`--${flag}`));
  }
}

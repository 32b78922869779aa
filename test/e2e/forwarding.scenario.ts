import { readFileSync, writeFileSync } from "node:fs";
import { startEngine } from "./harness.ts";

// Runs in a network namespace of its own, where the setting is nobody else's. Prints the setting after each step.
const setting = "/proc/sys/net/ipv4/ip_forward";
const tell = (step: string): void => {
  process.stdout.write(`${step}: ${readFileSync(setting, "utf8").trim()}\n`);
};

const before = process.argv[2] ?? "0";
writeFileSync(setting, before);
const first = await startEngine({ image: false });
tell("first engine started");
const second = await startEngine({ image: false });
await first.kill9();
await first.start();
tell("first engine killed and started");
await first[Symbol.asyncDispose]();
tell("first engine reset");
const third = await startEngine({ image: false });
await second[Symbol.asyncDispose]();
tell("second engine reset");
await third[Symbol.asyncDispose]();
tell("last engine reset");

import type { HostConfig } from "../../wire/index.ts";
import { cut } from "./csv.ts";

type RestartPolicy = NonNullable<HostConfig["RestartPolicy"]>;

/** Reads `no`, `always`, `unless-stopped` or `on-failure[:5]`; throws in Docker's words. */
export function parseRestart(text: string): RestartPolicy {
  const [name, retries] = cut(text, ":");
  if (retries !== undefined && name === "") {
    throw new Error("invalid restart policy format: no policy provided before colon");
  }
  if (retries === undefined || retries === "") return { Name: name, MaximumRetryCount: 0 };
  if (!/^-?\d+$/.test(retries)) {
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  }
  return { Name: name, MaximumRetryCount: Number(retries) };
}

import { formatSpan } from "../../base/index.ts";
import type { ContainerRecord, HealthView } from "../../container/index.ts";

/** Docker's way to say never. */
export const never = "0001-01-01T00:00:00Z";

/** A time as the API shows it; empty means never. */
export function timeOrNever(text: string): string {
  return text === "" ? never : text;
}

/** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`, `Created`: the STATUS column of `docker ps`. */
export function statusText(record: ContainerRecord, health: HealthView | undefined, now: number): string {
  const { state } = record;
  const since = (text: string) => formatSpan(Math.max(0, now - Date.parse(text)));
  switch (state.phase) {
    case "running": {
      const healthText = health?.status === "starting" ? "health: starting" : health?.status;
      return `Up ${since(state.startedAt)}${healthText ? ` (${healthText})` : ""}`;
    }
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
    case "created":
      return "Created";
    case "exited":
      return state.finishedAt === ""
        ? `Exited (${state.exitCode})`
        : `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

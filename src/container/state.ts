import type { Health } from "./health-plan.ts";

/** Docker's states of a container. */
export type Phase = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** The part of a container's record that changes as it lives. Times are RFC 3339; empty: never. */
export interface State {
  readonly phase: Phase;
  /** Process ID of init on the host while it runs, else 0. */
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly restartCount: number;
  /** Stopped by a user: restart policies wait for the next start by hand. */
  readonly stoppedByUser: boolean;
  /** What the health check said last; absent: nothing yet since the start. */
  readonly health?: Health | undefined;
  /** Its anonymous volumes go with it, once its removal has begun. */
  readonly removesVolumes?: boolean;
}

export type StateEvent =
  | { readonly kind: "started"; readonly pid: number; readonly at: string; readonly byPolicy: boolean }
  | { readonly kind: "start-failed"; readonly code: number; readonly error: string }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  | { readonly kind: "stop-requested" }
  | {
      readonly kind: "exited";
      readonly code: number;
      readonly oomKilled: boolean;
      readonly at: string;
      /** A restart will follow. */
      readonly restart: boolean;
    }
  | { readonly kind: "health"; readonly health: Health }
  | { readonly kind: "restart-given-up" }
  | { readonly kind: "removal-began"; readonly volumes: boolean }
  | { readonly kind: "removal-failed"; readonly error: string };

/** The state of a container that was just made. */
export const initialState: State = {
  phase: "created",
  pid: 0,
  exitCode: 0,
  error: "",
  oomKilled: false,
  startedAt: "",
  finishedAt: "",
  restartCount: 0,
  stoppedByUser: false,
};

/** True while there are processes: running or paused. */
export function isLive(state: State): boolean {
  return state.phase === "running" || state.phase === "paused";
}

/** What Docker calls running: live, or about to be started again by its policy. */
export function countsAsRunning(state: State): boolean {
  return isLive(state) || state.phase === "restarting";
}

/** The state after `event`. Pure; whether a transition is allowed is asked before, where the error words are. */
export function next(state: State, event: StateEvent): State {
  switch (event.kind) {
    case "started":
      return {
        ...state,
        phase: "running",
        pid: event.pid,
        exitCode: 0,
        error: "",
        oomKilled: false,
        startedAt: event.at,
        restartCount: event.byPolicy ? state.restartCount + 1 : 0,
        stoppedByUser: false,
        health: undefined,
      };
    case "start-failed":
      return {
        ...state,
        phase: state.startedAt === "" ? "created" : "exited",
        pid: 0,
        exitCode: event.code,
        error: event.error,
      };
    case "paused":
      return { ...state, phase: "paused" };
    case "resumed":
      return { ...state, phase: "running" };
    case "stop-requested":
      return { ...state, stoppedByUser: true };
    case "exited":
      return {
        ...state,
        phase: event.restart ? "restarting" : "exited",
        pid: 0,
        exitCode: event.code,
        oomKilled: event.oomKilled,
        finishedAt: event.at,
      };
    case "health":
      return { ...state, health: event.health };
    case "restart-given-up":
      return { ...state, phase: "exited" };
    case "removal-began":
      return { ...state, phase: "removing", removesVolumes: event.volumes };
    case "removal-failed":
      return { ...state, phase: "dead", error: event.error };
  }
}

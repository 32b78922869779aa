import type { ThrowawayEngine } from "../scripts/throwaway.ts";
import type { DockerPeer } from "./docker-peer.ts";

/** What every part of the bench measures: our engine, and Docker's next to it where that is installed. */
export interface Setting {
  readonly engine: ThrowawayEngine;
  readonly peer: DockerPeer | undefined;
  readonly rounds: number;
}

/** A figure next to what it is to be. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly limit: string;
  readonly met: boolean;
}

/** Our engine's docker command, and Docker's where there is one. */
export function dockers({ engine, peer }: Setting): { name: string; command: readonly string[] }[] {
  const ours = { name: "Gantry", command: ["docker", "-H", `unix://${engine.socket}`] };
  return peer ? [ours, { name: "Docker", command: peer.command([]) }] : [ours];
}

export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

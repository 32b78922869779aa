import { setTimeout as delay } from "node:timers/promises";
import { isKind } from "../../base/index.ts";
import type { ContainerService, Sample } from "../../container/index.ts";
import { type Call, json, type Reply } from "../call.ts";
import { boolean } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { never } from "../shapes/time.ts";

type Needs = Pick<ContainerService, "sample" | "store">;

const period = 1000;

/** What containers use, once or every second. */
export function statsRoutes(containers: Needs): Route[] {
  return [route("GET", "/containers/{id}/stats", (call) => stats(containers, call))];
}

async function stats(containers: Needs, call: Call): Promise<Reply> {
  const id = containers.store.get(call.params.id ?? "").id;
  if (boolean(call.query, "stream", true)) {
    return { kind: "stream", contentType: "application/json", chunks: lines(containers, id, call.signal) };
  }
  const first = await containers.sample(id);
  // Without `one-shot` the client wants to compute a share and needs two measurements.
  if (boolean(call.query, "one-shot") || !first.usage) return json(shape(containers, id, first, undefined));
  await delay(period, undefined, { signal: call.signal });
  return json(shape(containers, id, await containers.sample(id), first));
}

async function* lines(containers: Needs, id: string, signal: AbortSignal): AsyncGenerator<string> {
  let last: Sample | undefined;
  while (!signal.aborted) {
    try {
      const sample = await containers.sample(id);
      yield `${JSON.stringify(shape(containers, id, sample, last))}\n`;
      last = sample;
      await delay(period, undefined, { signal });
    } catch (error) {
      if (signal.aborted || isKind(error, "not-found")) return;
      throw error;
    }
  }
}

function shape(containers: Needs, id: string, sample: Sample, before: Sample | undefined) {
  const { usage } = sample;
  const record = containers.store.get(id);
  return {
    read: sample.at,
    preread: before?.at ?? never,
    pids_stats: usage
      ? { current: usage.pids.current, ...(usage.pids.limit ? { limit: usage.pids.limit } : {}) }
      : {},
    blkio_stats: {
      io_service_bytes_recursive: usage?.blockIO ?? null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuShape(sample),
    precpu_stats: before ? cpuShape(before) : cpuShape({ ...sample, usage: undefined, systemTime: 0 }),
    memory_stats: usage
      ? { usage: usage.memory.usage, stats: usage.memory.stats, limit: sample.memoryLimit }
      : {},
    name: `/${record.name}`,
    id,
    ...(Object.keys(sample.networks).length > 0 ? { networks: sample.networks } : {}),
  };
}

function cpuShape(sample: Sample) {
  const { usage } = sample;
  return {
    cpu_usage: {
      total_usage: usage?.cpu.total ?? 0,
      usage_in_kernelmode: usage?.cpu.kernel ?? 0,
      usage_in_usermode: usage?.cpu.user ?? 0,
    },
    ...(sample.systemTime > 0 ? { system_cpu_usage: sample.systemTime } : {}),
    ...(usage ? { online_cpus: sample.processors } : {}),
    throttling_data: {
      periods: usage?.throttling.periods ?? 0,
      throttled_periods: usage?.throttling.throttled ?? 0,
      throttled_time: usage?.throttling.time ?? 0,
    },
  };
}

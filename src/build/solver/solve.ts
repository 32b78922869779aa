import { Limiter } from "../../base/index.ts";

export interface SolveOptions<V, R> {
  /** Indexes of the vertices that a vertex stands on; all smaller than its own. */
  inputs(vertex: V): readonly number[];
  /** Computes one vertex from the results of its inputs, in the order of `inputs`. */
  execute(vertex: V, options: { id: number; inputs: readonly R[]; signal: AbortSignal }): Promise<R>;
  /** How many vertices may be computed at a time. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Solving<R> {
  /** The result of each vertex. All reject with the first failure's reason once there is one. */
  readonly results: readonly Promise<R>[];
  /** Resolves when nothing is computed any more, in success or failure. Never rejects. */
  readonly settled: Promise<void>;
  /** The vertex that failed first. */
  failed(): number | undefined;
}

/**
 * Computes every vertex as soon as its inputs are there, independent ones in parallel. The first failure, or the
 * caller's signal, stops what runs and starts nothing more.
 */
export function solve<V, R>(vertices: readonly V[], options: SolveOptions<V, R>): Solving<R> {
  const limiter = new Limiter(options.limit);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let failed: number | undefined;
  const results: Promise<R>[] = [];
  const compute = async (vertex: V, id: number): Promise<R> => {
    const inputs = await Promise.all(options.inputs(vertex).map((input) => resultOf(results, input)));
    return await limiter.run(async () => {
      signal.throwIfAborted();
      try {
        return await options.execute(vertex, { id, inputs, signal });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        failed ??= id;
        stop.abort(error);
        throw error;
      }
    });
  };
  for (const [id, vertex] of vertices.entries()) {
    const result = compute(vertex, id);
    // Each failure is reported where the result is awaited; a result nobody awaits must not end the process.
    result.catch(() => {});
    results.push(result);
  }
  const settled = Promise.allSettled(results).then(() => {});
  return { results, settled, failed: () => failed };
}

function resultOf<R>(results: readonly Promise<R>[], id: number): Promise<R> {
  const result = results[id];
  if (!result) throw new Error(`Vertex ${id} stands on one that comes later`);
  return result;
}

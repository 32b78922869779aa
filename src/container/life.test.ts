import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/index.ts";
import type { HostConfig } from "../wire/index.ts";
import { FakeTask, openWorld } from "./container.fixture.ts";

type World = Awaited<ReturnType<typeof openWorld>>;

const never = new AbortController().signal;

async function make(world: World, name: string, hostConfig: HostConfig = {}): Promise<string> {
  const request = { name, config: { Image: "busybox" }, hostConfig, endpoints: {} };
  return (await world.containers.create(request)).id;
}

const phaseOf = (world: World, id: string) => world.needs.store.find(id)?.state.phase;
const actions = (world: World) => world.facts.map((fact) => fact.action);

test("a run goes from created to exited, opens its network and closes it again", async () => {
  using world = await openWorld();
  const id = await make(world, "web");
  expect(phaseOf(world, id)).toBe("created");
  const { result } = world.containers.wait("web", { condition: "next-exit", signal: never });
  await world.containers.start("web");
  expect(world.needs.store.get(id).state).toMatchObject({ phase: "running", pid: 4242 });
  expect([...world.sandboxes.keys()]).toEqual([id]);
  world.tasks[0]?.end(3);
  expect(await result).toEqual({ exitCode: 3, error: "" });
  expect(world.needs.store.get(id).state).toMatchObject({ phase: "exited", exitCode: 3, pid: 0 });
  expect(world.sandboxes.size).toBe(0);
  expect(actions(world)).toEqual(["create", "start", "die"]);
});

test("starting twice is no change, and a name can be taken once", async () => {
  using world = await openWorld();
  const id = await make(world, "web");
  await world.containers.start(id.slice(0, 12));
  expect(world.containers.start("web")).rejects.toMatchObject({ kind: "not-modified" });
  expect(make(world, "web")).rejects.toThrow(
    `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
});

test("of many starts at once one starts", async () => {
  using world = await openWorld();
  const id = await make(world, "web");
  const starts = await Promise.allSettled(Array.from({ length: 5 }, () => world.containers.start(id)));
  expect(starts.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  expect(world.tasks).toHaveLength(1);
});

test("an unknown image, container or network is told in Docker's words and leaves nothing", async () => {
  using world = await openWorld();
  const bad = { name: "x1", config: { Image: "nope" }, hostConfig: {}, endpoints: {} };
  expect(world.containers.create(bad)).rejects.toThrow("No such image: nope:latest");
  expect(world.containers.start("nope")).rejects.toThrow("No such container: nope");
  const id = await make(world, "net", { NetworkMode: "nosuch" });
  expect(world.containers.start(id)).rejects.toThrow("network nosuch not found");
  await world.containers.remove(id, { force: false, volumes: false });
  expect(await world.leftovers()).toEqual([]);
});

test("a failed create leaves no layer, no directory and no anonymous volume", async () => {
  using world = await openWorld();
  const request = make(world, "bad", {
    Binds: ["/anon"],
    Mounts: [{ Type: "bind", Source: "/no/such", Target: "/x" }],
  });
  expect(request).rejects.toThrow("bind source path does not exist: /no/such");
  await request.catch(() => {});
  expect(await world.leftovers()).toEqual([]);
  expect(world.needs.volumes.list()).toEqual([]);
  await make(world, "bad");
});

test("a command that cannot be started keeps its code and words, and its network is closed", async () => {
  using world = await openWorld();
  world.plan.onCreate = (task) => {
    task.failure = new EngineError("invalid", 'exec: "nope": executable file not found in $PATH', {
      subject: "command-not-found",
    });
  };
  const id = await make(world, "bad");
  expect(world.containers.start(id)).rejects.toThrow("executable file not found");
  await world.containers.start(id).catch(() => {});
  expect(world.needs.store.get(id).state).toMatchObject({ phase: "created", exitCode: 127 });
  expect(world.sandboxes.size).toBe(0);
  expect(world.tasks[0]?.asked).toEqual(["start", "destroy"]);
});

test("with auto-remove a failed start removes the container and tells who waits for that", async () => {
  using world = await openWorld();
  world.plan.onCreate = (task) => {
    task.failure = new EngineError("invalid", "no", { subject: "not-executable" });
  };
  const id = await make(world, "gone", { AutoRemove: true });
  const { result } = world.containers.wait(id, { condition: "removed", signal: never });
  await world.containers.start(id).catch(() => {});
  expect(await result).toEqual({ exitCode: 126, error: "" });
  expect(await world.leftovers()).toEqual([]);
});

test("stop sends the stop signal, then kills when time is up", async () => {
  using world = await openWorld();
  world.plan.onCreate = (task) => {
    task.deadly = [9];
  };
  const id = await make(world, "stubborn");
  await world.containers.start(id);
  await world.containers.stop(id, { timeout: 0 });
  expect(world.tasks[0]?.asked).toEqual(["start", "signal 15", "signal 9", "resume"]);
  expect(world.needs.store.get(id).state).toMatchObject({
    phase: "exited",
    exitCode: 137,
    stoppedByUser: true,
  });
  expect(world.containers.stop(id, {})).rejects.toMatchObject({ kind: "not-modified" });
  expect(world.containers.kill(id, "")).rejects.toThrow("is not running");
});

test("a paused container is thawed when it is signalled", async () => {
  using world = await openWorld();
  const id = await make(world, "ice");
  await world.containers.start(id);
  await world.containers.pause(id);
  expect(phaseOf(world, id)).toBe("paused");
  expect(world.containers.pause(id)).rejects.toThrow("already paused");
  await world.containers.stop(id, {});
  expect(world.tasks[0]?.asked).toEqual(["start", "pause", "signal 15", "resume"]);
});

test("a restart policy starts a failed container again until a user stops it", async () => {
  using world = await openWorld();
  const id = await make(world, "loop", { RestartPolicy: { Name: "always" } });
  await world.containers.start(id);
  world.tasks[0]?.end(1);
  while (world.tasks.length < 2 || phaseOf(world, id) !== "running") await Bun.sleep(5);
  expect(world.needs.store.get(id).state.restartCount).toBe(1);
  world.tasks[1]?.end(1);
  while (phaseOf(world, id) !== "restarting") await Bun.sleep(1);
  await world.containers.stop(id, {});
  expect(phaseOf(world, id)).toBe("exited");
  await Bun.sleep(250);
  expect(world.tasks).toHaveLength(2);
});

test("a running container is removed only by force", async () => {
  using world = await openWorld();
  const id = await make(world, "web", { Binds: ["/anon", "kept:/kept"] });
  await world.containers.start(id);
  expect(world.containers.remove("web", { force: false, volumes: true })).rejects.toThrow(
    'cannot remove container "/web": container is running: stop the container before removing or force remove',
  );
  await world.containers.remove("web", { force: true, volumes: true });
  expect(await world.leftovers()).toEqual([]);
  expect(world.needs.volumes.list().map((volume) => volume.name)).toEqual(["kept"]);
});

test("clients that attach before the start are connected before init runs", async () => {
  using world = await openWorld();
  const id = await make(world, "early");
  const request = { stdin: false, logs: false, stream: true, stdout: true, stderr: true };
  const left = new AbortController();
  const early = world.containers.attach(id, request).connect(never);
  const impatient = world.containers.attach(id, request).connect(left.signal);
  left.abort();
  expect(await impatient).toBeUndefined();
  await world.containers.start(id);
  expect(await early).toBeDefined();
  expect(world.tasks[0]?.asked).toEqual(["attach", "start"]);
  const late = world.containers.attach(id, request).connect(never);
  expect(await late).toBeDefined();
});

test("a rename frees the old name and keeps the new one", async () => {
  using world = await openWorld();
  const id = await make(world, "old");
  await make(world, "other");
  expect(world.containers.rename("old", "other")).rejects.toThrow("already in use");
  expect(world.containers.rename("old", "old")).rejects.toThrow("same name");
  await world.containers.rename("old", "new");
  expect(world.needs.store.get("new").id).toBe(id);
  expect(world.needs.store.find("old")).toBeUndefined();
  await make(world, "old");
});

test("recovery adopts what runs, records what ended and removes what was being removed", async () => {
  using world = await openWorld();
  const alive = await make(world, "alive");
  const ended = await make(world, "ended");
  const lost = await make(world, "lost");
  const once = await make(world, "once", { AutoRemove: true });
  const halfGone = await make(world, "half");
  for (const id of [alive, ended, lost, once]) await world.containers.start(id);
  world.needs.store.transition(halfGone, { kind: "removal-began", volumes: false });
  mkdirSync(join(world.needs.paths.containers, "orphan"), { recursive: true });
  world.snapshots.add("orphan");
  const task = new FakeTask(alive);
  task.pid = 77;
  const exit = { code: 6, oomKilled: true, exitedAt: "2026-01-01T00:00:00Z" };
  world.plan.recovered.set(alive, { task });
  world.plan.recovered.set(ended, { exit });
  world.plan.recovered.set(once, { exit });
  const next = world.again();
  const recovered = await next.recover();
  expect([...recovered.alive]).toEqual([alive]);
  await recovered.settle();
  expect(next.store.get(alive).state.phase).toBe("running");
  expect(next.store.get(ended).state).toMatchObject({ phase: "exited", exitCode: 6, oomKilled: true });
  expect(next.store.get(lost).state).toMatchObject({ phase: "exited", exitCode: 255 });
  expect(next.store.find(once)).toBeUndefined();
  expect(next.store.find(halfGone)).toBeUndefined();
  expect(world.snapshots.has("orphan")).toBe(false);
  const { result } = next.wait(alive, { condition: "not-running", signal: never });
  task.end(0);
  expect((await result).exitCode).toBe(0);
});

test("a start that a kill cut off is undone, one that had succeeded is kept", async () => {
  using world = await openWorld();
  const begun = await make(world, "begun");
  const done = await make(world, "done");
  for (const id of [begun, done]) mkdirSync(join(world.needs.paths.tasks, id), { recursive: true });
  const idle = new FakeTask(begun);
  const running = new FakeTask(done);
  running.pid = 78;
  world.plan.recovered.set(begun, { task: idle });
  world.plan.recovered.set(done, { task: running });
  const next = world.again();
  const recovered = await next.recover();
  await recovered.settle();
  expect(idle.asked).toEqual(["destroy"]);
  expect(next.store.get(begun).state.phase).toBe("created");
  expect(next.store.get(done).state.phase).toBe("running");
});

test("at the engine's start restart policies resume, except for what a user stopped", async () => {
  using world = await openWorld();
  const always = await make(world, "always", { RestartPolicy: { Name: "always" } });
  const stopped = await make(world, "stopped", { RestartPolicy: { Name: "unless-stopped" } });
  const fresh = await make(world, "fresh", { RestartPolicy: { Name: "always" } });
  for (const id of [always, stopped]) await world.containers.start(id);
  await world.containers.stop(stopped, {});
  const next = world.again();
  const recovered = await next.recover();
  await recovered.settle();
  while (next.store.get(always).state.phase !== "running") await Bun.sleep(1);
  expect(next.store.get(stopped).state.phase).toBe("exited");
  expect(next.store.get(fresh).state.phase).toBe("created");
});

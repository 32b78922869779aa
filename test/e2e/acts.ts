import { existsSync } from "node:fs";
import type { Answer, Api } from "./api.ts";
import { archive } from "./archive.ts";
import type { TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

/** Where acts play: an engine, its API, and a port for the containers to publish. */
export interface Stage {
  readonly engine: TestEngine;
  readonly api: Api;
  readonly port: number;
  /** The process that an act ended or replaces. */
  before: number;
}

/** One operation of a journey. Repeating it after a kill must lead where an undisturbed one does. */
export interface Act {
  readonly name: string;
  /** Does it; what is answered, or that nothing is, says nothing: `happened` does. */
  act(stage: Stage): Promise<unknown>;
  /** Whether it has happened, as the engine tells it; false only when it has not begun for the user. */
  happened(stage: Stage): Promise<boolean>;
}

const patient = 10_000;
const image = "busybox";
const sleeper = ["sh", "-c", "trap exit TERM; sleep 1000 & wait"];

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the engine answers
type Inspected = any;

const state = async ({ api }: Stage, name: string): Promise<Inspected> =>
  (await api.find(`/containers/${name}/json`))?.State;

/** Waits for a state, unless the engine goes away. */
async function settled(stage: Stage, name: string, holds: (state: Inspected) => boolean): Promise<boolean> {
  const { api } = stage;
  let held = false;
  await eventually(
    `${name} to settle`,
    async () => {
      const answer = await api.ask("GET", `/containers/${name}/json`);
      if (answer === undefined) return true;
      held = answer.status === 200 ? holds(answer.body.State) : holds(undefined);
      return held || undefined;
    },
    patient,
  ).catch(() => {});
  return held;
}

const isThere =
  (path: string) =>
  async ({ api }: Stage): Promise<boolean> =>
    (await api.find(path)) !== undefined;
const isGone =
  (path: string) =>
  async (stage: Stage): Promise<boolean> =>
    !(await isThere(path)(stage));
const isRunning = (name: string) => async (stage: Stage) => (await state(stage, name)).Running === true;
const holdsFile =
  (name: string, path: string) =>
  async ({ api }: Stage) =>
    (await api.ask("HEAD", `/containers/${name}/archive?path=${path}`))?.status === 200;
const isOn =
  (name: string, network: string) =>
  async ({ api }: Stage): Promise<boolean> =>
    network in (await api.find(`/containers/${name}/json`)).NetworkSettings.Networks;

const post =
  (path: string, body?: unknown) =>
  ({ api }: Stage): Promise<Answer | undefined> =>
    api.ask("POST", path, body ?? {});
const remove =
  (path: string) =>
  ({ api }: Stage): Promise<Answer | undefined> =>
    api.ask("DELETE", path);
const putFile =
  (name: string, file: string) =>
  async ({ api }: Stage) =>
    api.ask("PUT", `/containers/${name}/archive?path=/`, await archive([{ name: file, text: "text" }]));

/** A container's whole life, with networks, ports and volumes. */
export const lifeActs: readonly Act[] = [
  {
    name: "volume create",
    act: post("/volumes/create", { Name: "data" }),
    happened: isThere("/volumes/data"),
  },
  {
    name: "network create",
    act: post("/networks/create", { Name: "n1" }),
    happened: isThere("/networks/n1"),
  },
  {
    name: "network create with a bridge's name",
    act: (stage) =>
      post("/networks/create", {
        Name: "n2",
        Options: { "com.docker.network.bridge.name": `${stage.engine.prefix}-mine` },
      })(stage),
    happened: isThere("/networks/n2"),
  },
  {
    name: "create",
    act: (stage) =>
      post("/containers/create?name=ca", {
        Image: image,
        Cmd: sleeper,
        Volumes: { "/anonymous": {} },
        ExposedPorts: { "80/tcp": {} },
        HostConfig: {
          NetworkMode: "n1",
          Binds: ["data:/data"],
          Memory: 64 << 20,
          PortBindings: { "80/tcp": [{ HostIp: "", HostPort: String(stage.port) }] },
        },
      })(stage),
    happened: isThere("/containers/ca/json"),
  },
  { name: "start", act: post("/containers/ca/start"), happened: isRunning("ca") },
  {
    name: "exec",
    act: async (stage) => {
      const made = await post("/containers/ca/exec", { Cmd: ["touch", "/touched"] })(stage);
      if (made?.status !== 201) return;
      await post(`/exec/${made.body.Id}/start`, { Detach: true })(stage);
      await eventually("the file", async () =>
        (await stage.api.ask("HEAD", "/containers/ca/archive?path=/touched"))?.status !== 404
          ? true
          : undefined,
      );
    },
    happened: holdsFile("ca", "/touched"),
  },
  { name: "pause", act: post("/containers/ca/pause"), happened: async (s) => (await state(s, "ca")).Paused },
  {
    name: "unpause",
    act: post("/containers/ca/unpause"),
    happened: async (s) => !(await state(s, "ca")).Paused,
  },
  { name: "rename", act: post("/containers/ca/rename?name=da"), happened: isThere("/containers/da/json") },
  {
    name: "rename back",
    act: post("/containers/da/rename?name=ca"),
    happened: isThere("/containers/ca/json"),
  },
  {
    name: "update",
    act: post("/containers/ca/update", { Memory: 96 << 20, MemorySwap: 192 << 20 }),
    happened: async ({ api }) => (await api.find("/containers/ca/json")).HostConfig.Memory === 96 << 20,
  },
  { name: "connect", act: post("/networks/n2/connect", { Container: "ca" }), happened: isOn("ca", "n2") },
  {
    name: "disconnect",
    act: post("/networks/n1/disconnect", { Container: "ca" }),
    happened: async (stage) => !(await isOn("ca", "n1")(stage)),
  },
  { name: "copy into it", act: putFile("ca", "copied"), happened: holdsFile("ca", "/copied") },
  {
    name: "commit",
    act: post("/commit?container=ca&repo=made&tag=1"),
    happened: isThere("/images/made:1/json"),
  },
  {
    name: "restart",
    act: async (stage) => {
      stage.before = (await state(stage, "ca")).Pid;
      await post("/containers/ca/restart?t=0")(stage);
    },
    happened: async (stage) => {
      const { Running, Pid } = await state(stage, "ca");
      return Running && Pid !== stage.before;
    },
  },
  {
    name: "the end of init",
    act: async (stage) => {
      const { Running, Pid } = await state(stage, "ca");
      if (Running) process.kill(Pid, "SIGKILL");
      await eventually("its end", () => (existsSync(`/proc/${Pid}`) ? undefined : true));
      await settled(stage, "ca", (now) => now?.Running === false);
    },
    happened: async (stage) =>
      await settled(stage, "ca", (now) => now?.Running === false && now.ExitCode === 137),
  },
  { name: "copy into its layers", act: putFile("ca", "later"), happened: holdsFile("ca", "/later") },
  { name: "start again", act: post("/containers/ca/start"), happened: isRunning("ca") },
  {
    name: "stop",
    act: post("/containers/ca/stop?t=5"),
    happened: async (stage) => !(await state(stage, "ca")).Running,
  },
  {
    name: "remove with its volumes",
    act: remove("/containers/ca?v=1"),
    happened: isGone("/containers/ca/json"),
  },
  {
    name: "no anonymous volume",
    act: async () => {},
    happened: async ({ api }) => (await api.find("/volumes")).Volumes.length === 1,
  },
  { name: "image remove", act: remove("/images/made:1"), happened: isGone("/images/made:1/json") },
  { name: "network remove", act: remove("/networks/n1"), happened: isGone("/networks/n1") },
  {
    name: "network remove with a bridge's name",
    act: remove("/networks/n2"),
    happened: isGone("/networks/n2"),
  },
  { name: "volume remove", act: remove("/volumes/data"), happened: isGone("/volumes/data") },
];

/** Containers that begin and end by themselves: policies, `--rm`, health, starts that fail. */
export const policyActs: readonly Act[] = [
  {
    name: "run once",
    act: async (stage) => {
      await post("/containers/create?name=once", {
        Image: image,
        Cmd: ["true"],
        HostConfig: { AutoRemove: true },
      })(stage);
      await post("/containers/once/start")(stage);
      await settled(stage, "once", (now) => now === undefined);
    },
    happened: async (stage) => {
      // One that was made and not started stays, as with Docker, until somebody starts it; any other must go.
      await settled(stage, "once", (now) => now === undefined || now.Status === "created");
      const now = await state(stage, "once");
      if (now && now.Status !== "created") throw new Error(`A container to be removed is ${now.Status}`);
      return now === undefined;
    },
  },
  {
    name: "run that fails",
    act: async (stage) => {
      await post("/containers/create?name=fails", { Image: image, Cmd: ["/nowhere"] })(stage);
      await post("/containers/fails/start")(stage);
    },
    happened: async (stage) => (await state(stage, "fails"))?.ExitCode === 127,
  },
  { name: "remove it", act: remove("/containers/fails"), happened: isGone("/containers/fails/json") },
  {
    name: "create with a policy",
    act: post("/containers/create?name=again", {
      Image: image,
      Cmd: ["sh", "-c", "exit 3"],
      HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    }),
    happened: isThere("/containers/again/json"),
  },
  {
    name: "restart by policy",
    act: async (stage) => {
      await post("/containers/again/start")(stage);
      await settled(stage, "again", (now) => now?.Status === "exited");
    },
    happened: async (stage) => {
      const now = await state(stage, "again");
      if (now.Status === "created") return false;
      await settled(stage, "again", (later) => later?.Status === "exited");
      const { RestartCount } = await stage.api.find("/containers/again/json");
      return RestartCount === 2 && (await state(stage, "again")).ExitCode === 3;
    },
  },
  {
    name: "remove by force",
    act: remove("/containers/again?force=1"),
    happened: isGone("/containers/again/json"),
  },
  {
    name: "run with health",
    act: async (stage) => {
      await post("/containers/create?name=well", {
        Image: image,
        Cmd: sleeper,
        Healthcheck: { Test: ["CMD", "true"], Interval: 2e8 },
        HostConfig: { RestartPolicy: { Name: "always" } },
      })(stage);
      await post("/containers/well/start")(stage);
      await settled(stage, "well", (now) => now?.Health?.Status === "healthy");
    },
    happened: async (stage) => {
      const now = await state(stage, "well");
      if (now === undefined || now.Status === "created") return false;
      return await settled(stage, "well", (later) => later?.Health?.Status === "healthy");
    },
  },
  {
    name: "an end that a policy makes good",
    act: async (stage) => {
      stage.before = (await state(stage, "well")).Pid;
      process.kill(stage.before, "SIGKILL");
      await settled(stage, "well", (now) => now?.Running && now.Pid !== stage.before);
    },
    happened: async (stage) =>
      await settled(stage, "well", (now) => now?.Running && now.Pid !== stage.before),
  },
  {
    name: "kill",
    act: post("/containers/well/kill"),
    happened: async (s) => !(await state(s, "well")).Running,
  },
  {
    name: "remove by force",
    act: remove("/containers/well?force=1"),
    happened: isGone("/containers/well/json"),
  },
];

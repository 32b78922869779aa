import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FakeEngine, projectOf } from "./fake-engine.test-data.ts";
import { formatPlan } from "./graph.ts";
import { planUp, type UpOptions } from "./plan-up.ts";

const web = "services: {web: {image: a, ports: ['80:80']}}";

async function up(engine: FakeEngine, text: string, options: UpOptions = {}) {
  const plan = planUp(await projectOf(text, options.services), engine.observed(), options);
  engine.apply(plan);
  return plan;
}

async function textOfUp(engine: FakeEngine, text: string, options: UpOptions = {}): Promise<string> {
  return `\n${formatPlan(await up(engine, text, options))}`;
}

/** An engine on which the file is up already. */
async function running(text: string, options: UpOptions = {}): Promise<FakeEngine> {
  const engine = new FakeEngine();
  await up(engine, text, options);
  return engine;
}

describe("up on an empty engine", () => {
  test("makes networks and volumes, then containers, each service after what it needs", async () => {
    const text = `
services:
  web: {image: a, depends_on: [db], volumes: ['data:/data']}
  db: {image: b, deploy: {replicas: 2}}
volumes: {data: , unused: }
`;
    expect(await textOfUp(new FakeEngine(), text)).toBe(`
#1 network:default, CreateNetwork p_default, no existing network
#2 volume:data, CreateVolume p_data, no existing volume
[1] -> #3 service:db:1, CreateContainer p-db-1, no existing container
[3] -> #4 service:db:1, StartContainer p-db-1, container is created
[1] -> #5 service:db:2, CreateContainer p-db-2, no existing container
[5] -> #6 service:db:2, StartContainer p-db-2, container is created
[1,2] -> #7 service:web:1, CreateContainer p-web-1, no existing container
[4,6,7] -> #8 service:web:1, StartContainer p-web-1, container is created
`);
  });

  test("waits for health and for completion where dependents ask for it, once for all of them", async () => {
    const text = `
services:
  one: {image: a, depends_on: {db: {condition: service_healthy}, job: {condition: service_completed_successfully}}}
  two: {image: a, depends_on: {db: {condition: service_healthy}}}
  db: {image: b, healthcheck: {test: ok}}
  job: {image: b}
`;
    expect(await textOfUp(new FakeEngine(), text)).toBe(`
#1 network:default, CreateNetwork p_default, no existing network
[1] -> #2 service:db:1, CreateContainer p-db-1, no existing container
[2] -> #3 service:db:1, StartContainer p-db-1, container is created
[1] -> #4 service:job:1, CreateContainer p-job-1, no existing container
[4] -> #5 service:job:1, StartContainer p-job-1, container is created
[1] -> #6 service:one:1, CreateContainer p-one-1, no existing container
[3] -> #7 service:db, WaitContainer p-db-1 healthy, dependents need it healthy
[5] -> #8 service:job, WaitContainer p-job-1 completed, dependents need it completed
[6,7,8] -> #9 service:one:1, StartContainer p-one-1, container is created
[1] -> #10 service:two:1, CreateContainer p-two-1, no existing container
[7,10] -> #11 service:two:1, StartContainer p-two-1, container is created
`);
  });

  test("brings up only what is named and what that needs", async () => {
    const text = "services: {a: {image: a, depends_on: [b]}, b: {image: b}, c: {image: a}}";
    const plan = await textOfUp(new FakeEngine(), text, { services: ["a"] });
    expect(plan).toContain("p-b-1");
    expect(plan).not.toContain("p-c-1");
    expect(await textOfUp(new FakeEngine(), text, { services: ["a"], noDependencies: true })).not.toContain(
      "p-b-1",
    );
  });

  test("only creates when told not to start", async () => {
    expect(await textOfUp(new FakeEngine(), web, { start: false })).toBe(`
#1 network:default, CreateNetwork p_default, no existing network
[1] -> #2 service:web:1, CreateContainer p-web-1, no existing container
`);
  });

  test("refuses when something external is not there", async () => {
    const network = "services: {web: {image: a, networks: [n]}}\nnetworks: {n: {external: true}}";
    expect(up(new FakeEngine(), network)).rejects.toThrow(
      "network n declared as external, but could not be found",
    );
    const volume =
      "services: {web: {image: a, volumes: ['v:/v']}}\nvolumes: {v: {external: true, name: real}}";
    expect(up(new FakeEngine(), volume)).rejects.toThrow('external volume "real" not found');
  });

  test("gives a service in another's network that one's container, once it is up", async () => {
    const text = "services: {side: {image: a, network_mode: 'service:web'}, web: {image: b}}";
    const plan = await up(new FakeEngine(), text);
    const side = plan.nodes.find(
      ({ operation }) => operation.kind === "CreateContainer" && operation.name === "p-side-1",
    );
    expect(side?.needs).toEqual([3]);
    expect(side?.operation).toMatchObject({ request: { HostConfig: { NetworkMode: "container:p-web-1" } } });
  });
});

describe("up on a running project", () => {
  test("does nothing when nothing changed", async () => {
    const text =
      "services: {web: {image: a, volumes: ['d:/d', '/anonymous']}, db: {image: b}}\nvolumes: {d: }";
    const plan = await up(await running(text), text);
    expect(formatPlan(plan)).toBe("");
    expect(plan.notes).toEqual([
      { subject: "Container p-web-1", status: "Running" },
      { subject: "Container p-db-1", status: "Running" },
    ]);
  });

  test("starts what has stopped", async () => {
    const engine = await running(web);
    engine.setState("p-web-1", "exited");
    expect(await textOfUp(engine, web)).toBe(`
#1 service:web:1, StartContainer p-web-1, container is exited
`);
  });

  test("replaces a changed container: new one made, old one away, new one named and started", async () => {
    const engine = await running(web);
    const old = engine.observed().containers[0]?.id.slice(0, 12);
    const plan = await up(engine, web.replace("image: a", "image: a, environment: {A: 1}"));
    expect(`\n${formatPlan(plan)}`).toBe(`
#1 service:web:1, CreateContainer ${old}_p-web-1, configuration changed
[1] -> #2 service:web:1, StopContainer p-web-1, replaced by a new container
[2] -> #3 service:web:1, RemoveContainer p-web-1, replaced by a new container
[3] -> #4 service:web:1, RenameContainer p-web-1 to p-web-1, configuration changed
[4] -> #5 service:web:1, StartContainer p-web-1, container is recreated
`);
  });

  test("replaces replicas one after another, the next when the one before is up", async () => {
    const text = "services: {web: {image: a, scale: 3}}";
    const engine = await running(text);
    engine.images.set("a", { id: "sha256:new", healthcheck: false });
    const plan = (await textOfUp(engine, text)).replaceAll(/[0-9a-f]{12}_/g, "");
    expect(plan).toBe(`
#1 service:web:1, CreateContainer p-web-1, image changed
[1] -> #2 service:web:1, StopContainer p-web-1, replaced by a new container
[2] -> #3 service:web:1, RemoveContainer p-web-1, replaced by a new container
[3] -> #4 service:web:1, RenameContainer p-web-1 to p-web-1, image changed
[4] -> #5 service:web:1, StartContainer p-web-1, container is recreated
[5] -> #6 service:web, WaitContainer p-web-1 settled for 1000ms, others go when this one can be counted on
[6] -> #7 service:web:2, CreateContainer p-web-2, image changed
[7] -> #8 service:web:2, StopContainer p-web-2, replaced by a new container
[8] -> #9 service:web:2, RemoveContainer p-web-2, replaced by a new container
[9] -> #10 service:web:2, RenameContainer p-web-2 to p-web-2, image changed
[10] -> #11 service:web:2, StartContainer p-web-2, container is recreated
[11] -> #12 service:web, WaitContainer p-web-2 settled for 1000ms, others go when this one can be counted on
[12] -> #13 service:web:3, CreateContainer p-web-3, image changed
[13] -> #14 service:web:3, StopContainer p-web-3, replaced by a new container
[14] -> #15 service:web:3, RemoveContainer p-web-3, replaced by a new container
[15] -> #16 service:web:3, RenameContainer p-web-3 to p-web-3, image changed
[16] -> #17 service:web:3, StartContainer p-web-3, container is recreated
`);
  });

  test("waits for a replaced replica's health before the next one", async () => {
    const text = (env: number) =>
      `services: {web: {image: a, scale: 2, environment: {A: ${env}}, healthcheck: {test: ok}}}`;
    const plan = await textOfUp(await running(text(1)), text(2));
    expect(plan).toContain(
      "[5] -> #6 service:web, WaitContainer p-web-1 healthy, others go when this one can be counted on",
    );
    expect(plan).toMatch(/\[6\] -> #7 service:web:2, CreateContainer/);
  });

  test("starts the new container first where the file says so, and no address stands against it", async () => {
    const text = (env: number) =>
      `services: {web: {image: a, environment: {A: ${env}}, deploy: {update_config: {order: start-first}}}}`;
    const plan = (await textOfUp(await running(text(1)), text(2))).replaceAll(/[0-9a-f]{12}_/g, "");
    expect(plan).toBe(`
#1 service:web:1, CreateContainer p-web-1, configuration changed
[1] -> #2 service:web:1, StartContainer p-web-1, start first
[2] -> #3 service:web, WaitContainer p-web-1 settled for 1000ms, others go when this one can be counted on
[3] -> #4 service:web:1, StopContainer p-web-1, replaced by a new container
[4] -> #5 service:web:1, RemoveContainer p-web-1, replaced by a new container
[5] -> #6 service:web:1, RenameContainer p-web-1 to p-web-1, configuration changed
`);
  });

  test("keeps the anonymous volumes of a replaced container unless told to renew them", async () => {
    const text = (env: number) => `services: {web: {image: a, environment: {A: ${env}}, volumes: [/cache]}}`;
    const engine = await running(text(1));
    const name = engine.observed().containers[0]?.mounts[0]?.Name ?? "";
    const plan = await up(engine, text(2));
    expect(plan.nodes[0]?.operation).toMatchObject({
      request: { HostConfig: { Mounts: [{ Type: "volume", Target: "/cache", Source: name }] } },
    });
    const renewed = await up(engine, text(3), { renewAnonymousVolumes: true });
    expect(JSON.stringify(renewed.nodes[0]?.operation)).not.toContain(name);
  });

  test("obeys --force-recreate, only for named services, and --no-recreate", async () => {
    const text = "services: {a: {image: a, depends_on: [b]}, b: {image: b}}";
    const engine = await running(text);
    const forced = await textOfUp(engine, text, { recreate: "always", services: ["a"] });
    expect(forced).toContain("p-a-1, forced");
    expect(forced).not.toContain("p-b-1");
    const changed = text.replace("image: b}", "image: b, user: root}");
    expect(await textOfUp(engine, changed, { recreate: "never" })).toBe("\n");
  });

  test("restarts dependents that ask for it when their dependency is replaced", async () => {
    const text = (user: string) =>
      `services: {a: {image: a, depends_on: {b: {condition: service_started, restart: true}}}, b: {image: b, user: ${user}}}`;
    const plan = await textOfUp(await running(text("x")), text("y"));
    expect(plan).toContain("[5] -> #6 service:a, RestartContainer p-a-1, dependency b was recreated");
  });

  test("makes a changed network anew with all of its containers", async () => {
    const text = (subnet: string) =>
      `services: {web: {image: a}}\nnetworks: {default: {ipam: {config: [{subnet: ${subnet}}]}}}`;
    const plan = await textOfUp(await running(text("10.1.0.0/24")), text("10.2.0.0/24"));
    expect(plan.replaceAll(/[0-9a-f]{12}_/g, "")).toBe(`
#1 service:web:1, StopContainer p-web-1, network p_default changed
[1] -> #2 network:default, RemoveNetwork p_default, configuration changed
[2] -> #3 network:default, CreateNetwork p_default, configuration changed
[3] -> #4 service:web:1, CreateContainer p-web-1, network p_default changed
[1,4] -> #5 service:web:1, RemoveContainer p-web-1, replaced by a new container
[5] -> #6 service:web:1, RenameContainer p-web-1 to p-web-1, network p_default changed
[6] -> #7 service:web:1, StartContainer p-web-1, container is recreated
`);
  });

  test("warns of orphans, or removes them", async () => {
    const engine = await running("services: {web: {image: a}, old: {image: b}}");
    const plan = await up(engine, web, { recreate: "never" });
    expect(plan.warnings[0]).toStartWith("Found orphan containers ([p-old-1]) for this project.");
    expect(await textOfUp(engine, web, { recreate: "never", orphans: "remove" })).toBe(`
#1 service:old:1, StopContainer p-old-1, orphan
[1] -> #2 service:old:1, RemoveContainer p-old-1, orphan
`);
  });

  test("takes up an update that was interrupted", async () => {
    const text = (env: number) => `services: {web: {image: a, environment: {A: ${env}}}}`;
    for (let done = 1; done <= 5; done += 1) {
      const engine = await running(text(1));
      const plan = planUp(await projectOf(text(2)), engine.observed());
      for (const { operation } of plan.nodes.slice(0, done)) engine.perform(operation);
      await up(engine, text(2));
      const [only, ...others] = engine.observed().containers;
      expect(others).toEqual([]);
      expect([only?.name, only?.state]).toEqual(["p-web-1", "running"]);
      expect(formatPlan(await up(engine, text(2)))).toBe("");
    }
  });
});

describe("any sequence of changes", () => {
  const service = fc.record({
    scale: fc.integer({ min: 0, max: 3 }),
    user: fc.constantFrom("x", "y"),
    needs: fc.boolean(),
    order: fc.constantFrom("start-first", "stop-first"),
  });
  const file = fc.record({
    one: service,
    two: fc.option(service),
    subnet: fc.constantFrom("10.1.0.0/24", "10.2.0.0/24"),
  });

  test("ends, one up after another, in what the last file says, and the next up has nothing to do", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 4 }),
        fc.nat(12),
        async (files, interrupted) => {
          const engine = new FakeEngine();
          for (const [index, one] of files.entries()) {
            const plan = planUp(await projectOf(textOfFile(one)), engine.observed(), { orphans: "remove" });
            const last = index === files.length - 1;
            for (const { operation } of last ? plan.nodes : plan.nodes.slice(0, interrupted))
              engine.perform(operation);
          }
          const final = files.at(-1)!;
          const wanted = namesOf("one", final.one.scale).concat(
            final.two ? namesOf("two", final.two.scale) : [],
          );
          const { containers } = engine.observed();
          expect(containers.filter(({ state }) => state === "running")).toHaveLength(containers.length);
          expect(containers.length).toBe(wanted.length);
          const again = planUp(await projectOf(textOfFile(final)), engine.observed(), { orphans: "remove" });
          expect(formatPlan(again)).toBe("");
        },
      ),
      { numRuns: 50 },
    );
  });

  interface SomeService {
    readonly scale: number;
    readonly user: string;
    readonly needs: boolean;
    readonly order: string;
  }

  function textOfFile({
    one,
    two,
    subnet,
  }: {
    one: SomeService;
    two: SomeService | null;
    subnet: string;
  }): string {
    const text = (
      name: string,
      { scale, user, needs, order }: SomeService,
      other: string | undefined,
    ): string =>
      `${name}: {image: a, scale: ${scale}, user: ${user}, deploy: {update_config: {order: ${order}}}${needs && other ? `, depends_on: [${other}]` : ""}}`;
    const services = [text("one", one, undefined), ...(two ? [text("two", two, "one")] : [])];
    return `services: {${services.join(", ")}}\nnetworks: {default: {ipam: {config: [{subnet: ${subnet}}]}}}`;
  }

  function namesOf(service: string, count: number): string[] {
    return Array.from({ length: count }, (_, index) => `p-${service}-${index + 1}`);
  }
});

describe("scaling", () => {
  const scaled = (count: number) => `services: {web: {image: a, scale: ${count}}}`;

  test("up adds the lowest free numbers", async () => {
    const engine = await running(scaled(1));
    expect(await textOfUp(engine, scaled(1), { scale: new Map([["web", 3]]) })).toBe(`
#1 service:web:2, CreateContainer p-web-2, no existing container
[1] -> #2 service:web:2, StartContainer p-web-2, container is created
#3 service:web:3, CreateContainer p-web-3, no existing container
[3] -> #4 service:web:3, StartContainer p-web-3, container is created
`);
  });

  test("down removes the highest numbers first", async () => {
    const engine = await running(scaled(3));
    expect(await textOfUp(engine, scaled(1))).toBe(`
#1 service:web:3, StopContainer p-web-3, scale down to 1
[1] -> #2 service:web:3, RemoveContainer p-web-3, scale down to 1
#3 service:web:2, StopContainer p-web-2, scale down to 1
[3] -> #4 service:web:2, RemoveContainer p-web-2, scale down to 1
`);
    expect(formatPlan(await up(engine, scaled(1)))).toBe("");
  });

  test("down removes changed containers before those that are as wanted", async () => {
    const engine = await running(scaled(1).replace("image: a", "image: a, user: old"));
    await up(engine, scaled(3), { recreate: "never" });
    const plan = await textOfUp(engine, scaled(2));
    expect(plan).toContain("RemoveContainer p-web-1, scale down to 2");
    expect(plan).not.toContain("p-web-3");
  });

  test("refuses services that are not there, and copies of a container with a fixed name", async () => {
    const more = { scale: new Map([["nope", 1]]) };
    expect(up(new FakeEngine(), scaled(1), more)).rejects.toThrow("no such service: nope");
    const fixed = "services: {web: {image: a, container_name: c}}";
    expect(up(new FakeEngine(), fixed, { scale: new Map([["web", 2]]) })).rejects.toThrow(
      "container names must be unique",
    );
  });

  test("to zero removes all", async () => {
    const engine = await running(scaled(2));
    await up(engine, scaled(2), { scale: new Map([["web", 0]]) });
    expect(engine.observed().containers).toEqual([]);
  });
});

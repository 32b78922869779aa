import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type LoadOptions, loadProject, loadUninterpolated } from "./load.ts";
import { formatProject } from "./print.ts";
import type { Project } from "./project.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

type Files = Readonly<Record<string, string>>;

async function folderWith(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gantry-compose-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function load(files: string | Files, options: Partial<LoadOptions> = {}) {
  const directory = await folderWith(typeof files === "string" ? { "compose.yaml": files } : files);
  const loaded = await loadProject({ directory, environment: {}, projectName: "p", ...options });
  return { ...loaded, directory };
}

async function mistakeOf(files: string | Files, options: Partial<LoadOptions> = {}): Promise<string> {
  const directory = await folderWith(typeof files === "string" ? { "compose.yaml": files } : files);
  try {
    await loadProject({ directory, environment: {}, projectName: "p", ...options });
  } catch (error) {
    return String(error instanceof Error ? error.message : error).replaceAll(`${directory}/`, "");
  }
  throw new Error("the file was accepted");
}

const web = (project: Project) => project.services.get("web")!;

describe("loading", () => {
  test("spells out the whole model", async () => {
    const { project, directory } = await load({
      "compose.yaml": `
services:
  web:
    build: ./app
    command: serve --port "8 0"
    environment: [A=1, B]
    env_file: web.env
    ports: ["8080:80", "127.0.0.1:5000-5001:6000-6001/udp"]
    volumes: ["data:/data", "./src:/src:ro", "/cache"]
    depends_on: [db]
    deploy: {replicas: "3", resources: {limits: {cpus: "0.5", memory: 64M, pids: 20}}}
  db:
    image: db
    networks: {back: {aliases: [store], ipv4_address: 10.1.0.9}}
    healthcheck: {test: ready, interval: 1s}
networks: {back: {}}
volumes: {data: }
`,
      "web.env": "C=from file\nA=0\n",
    });
    expect(formatProject(project, "yaml").replaceAll(directory, "/dir")).toMatchSnapshot();
  });

  test("prints what reads back as the same model", async () => {
    const first = await load("services: {web: {image: a, environment: {X: 'a$$b'}, ports: ['80:80']}}");
    const text = formatProject(first.project, "yaml");
    expect(text).toContain("a$$b");
    const second = await load(text);
    expect(formatProject(second.project, "yaml")).toBe(text);
    expect(web(second.project).hash).toBe(web(first.project).hash);
  });

  test("makes container settings of service keys", async () => {
    const { project } = await load(`
services:
  web:
    image: a
    user: "1000"
    tty: true
    entrypoint: []
    restart: on-failure:3
    init: true
    cap_add: [NET_ADMIN]
    read_only: true
    tmpfs: /run:size=1m
    mem_limit: 64m
    cpus: 1.5
    pids_limit: 10
    ulimits: {nofile: 100, core: {soft: 1, hard: 2}}
    sysctls: {net.core.somaxconn: 10}
    extra_hosts: {a: 1.2.3.4}
    stop_grace_period: 1m30s
    logging: {driver: local, options: {max-size: 1m}}
    labels: {a: b}
`);
    expect(web(project).config).toMatchObject({
      User: "1000",
      Tty: true,
      Entrypoint: [""],
      StopTimeout: 90,
      Labels: { a: "b" },
    });
    expect(web(project).hostConfig).toMatchObject({
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
      Init: true,
      CapAdd: ["NET_ADMIN"],
      ReadonlyRootfs: true,
      Tmpfs: { "/run": "size=1m" },
      Memory: 64 * 1024 * 1024,
      NanoCpus: 1.5e9,
      PidsLimit: 10,
      Ulimits: [
        { Name: "nofile", Soft: 100, Hard: 100 },
        { Name: "core", Soft: 1, Hard: 2 },
      ],
      Sysctls: { "net.core.somaxconn": "10" },
      ExtraHosts: ["a:1.2.3.4"],
      LogConfig: { Type: "local", Config: { "max-size": "1m" } },
    });
  });

  test("takes variables from the environment, then .env, and tells of missing ones", async () => {
    const { project, warnings } = await load(
      {
        ".env": "TAG=two\nNAME=env\n",
        "compose.yaml": `services: {web: {image: "$\{NAME}:$\{TAG}$\{GONE}"}}`,
      },
      { environment: { NAME: "shell" } },
    );
    expect(web(project).image).toBe("shell:two");
    expect(warnings).toEqual(['The "GONE" variable is not set. Defaulting to a blank string.']);
  });

  test("gives containers the outer value of names without one, and drops those that are not set", async () => {
    const { project } = await load("services: {web: {image: a, environment: [SET, GONE, E=]}}", {
      environment: { SET: "yes" },
    });
    expect(web(project).config.Env).toEqual(["E=", "SET=yes"]);
  });

  test("lays the override file on top, found without being named", async () => {
    const { project } = await load({
      "compose.yaml": "services: {web: {image: a, environment: {A: 1}}}",
      "compose.override.yaml": "services: {web: {image: b, environment: {B: 2}}}",
    });
    expect(web(project).image).toBe("b");
    expect(web(project).config.Env).toEqual(["A=1", "B=2"]);
  });

  test("extends services of this file and of others, with paths of the other file", async () => {
    const { project, directory } = await load({
      "compose.yaml": `
services:
  web: {extends: {file: base/common.yaml, service: app}, environment: {B: 2}}
  worker: {extends: web, command: work}
`,
      "base/common.yaml":
        "services: {app: {extends: root, volumes: [./src:/src]}, root: {image: a, environment: {A: 1}}}",
    });
    const worker = project.services.get("worker")!;
    expect(worker.image).toBe("a");
    expect(worker.config).toMatchObject({ Env: ["A=1", "B=2"], Cmd: ["work"] });
    expect(worker.mounts[0]?.spec.Source).toBe(`${directory}/base/src`);
  });

  test("includes other applications with their own paths and variables", async () => {
    const { project, directory } = await load({
      "compose.yaml": "include: [other/compose.yaml]\nservices: {web: {image: a, depends_on: [db]}}",
      "other/compose.yaml": `services: {db: {image: "db:$\{V}", volumes: [./d:/d]}}`,
      "other/.env": "V=9",
    });
    const db = project.services.get("db")!;
    expect(db.image).toBe("db:9");
    expect(db.mounts[0]?.spec.Source).toBe(`${directory}/other/d`);
  });

  test("leaves out services of other profiles until they are chosen or named", async () => {
    const text = "services: {web: {image: a}, debug: {image: d, profiles: [dev]}}";
    expect([...(await load(text)).project.services.keys()]).toEqual(["web"]);
    expect([...(await load(text, { profiles: ["dev"] })).project.services.keys()]).toEqual(["web", "debug"]);
    expect([...(await load(text, { services: ["debug"] })).project.services.keys()]).toEqual([
      "web",
      "debug",
    ]);
  });

  test("names the project by option, variable, file, folder", async () => {
    const files = { "My App/compose.yaml": "services: {web: {image: a}}" };
    const directory = await folderWith(files);
    const options = { directory: join(directory, "My App"), environment: {} };
    expect((await loadProject(options)).project.name).toBe("myapp");
    expect((await loadProject({ ...options, environment: { COMPOSE_PROJECT_NAME: "e" } })).project.name).toBe(
      "e",
    );
    expect(loadProject({ ...options, projectName: "Not ok" })).rejects.toThrow(
      'invalid project name "Not ok"',
    );
  });

  test("takes links for dependencies, and networks of high priority first", async () => {
    const { project } = await load(
      "services: {web: {image: a, links: [db, 'x:x'], networks: {one: , two: {priority: 5}}}, db: {image: b}, x: {image: b}}\nnetworks: {one: , two: }",
    );
    expect(web(project).dependsOn.map(({ service }) => service)).toEqual(["db", "x"]);
    expect(web(project).networks.map(({ network }) => network)).toEqual(["two", "one"]);
  });

  test("warns of keys that have no effect", async () => {
    const { warnings } = await load(
      "services: {web: {image: a, develop: {watch: []}, volumes: ['./a:/a:z'], deploy: {endpoint_mode: vip}}}",
    );
    expect(warnings).toEqual([
      "services.web.deploy.endpoint_mode is not supported yet and has no effect",
      "services.web.develop is not supported yet and has no effect",
      "services.web.volumes[0].bind.selinux is not supported yet and has no effect",
    ]);
  });

  test("hashes what a container is made of and nothing else", async () => {
    const hash = async (keys: string) =>
      web((await load(`services: {web: {image: a, ${keys}}}`)).project).hash;
    const base = await hash("");
    for (const same of ["scale: 3", "build: .", "pull_policy: always", "profiles: []"]) {
      expect(await hash(same)).toBe(base);
    }
    expect(await hash("deploy: {replicas: 3}")).toBe(await hash("deploy: {replicas: 4}"));
    expect(await hash("environment: {A: 1, B: 2}")).toBe(await hash("environment: [B=2, A=1]"));
    expect(await hash("environment: {A: 1}")).not.toBe(base);
  });

  test("keeps variables when asked not to replace them", async () => {
    const directory = await folderWith({
      "compose.yaml": `services: {web: {image: "$\{TAG:-x}", ports: ["$\{P}:80"]}}`,
    });
    expect(await loadUninterpolated({ directory, environment: {}, projectName: "p" })).toContain(
      `image: $\{TAG:-x}`,
    );
  });
});

describe("loading refuses", () => {
  const cases: [string, string, string][] = [
    [
      "unknown keys",
      "services:\n  web:\n    image: a\n    foo: 1\n",
      "compose.yaml:4:5: services.web additional properties 'foo' not allowed",
    ],
    ["unknown top keys", "service: {}\n", "compose.yaml:1:1: additional properties 'service' not allowed"],
    [
      "wrong kinds",
      "services:\n  web:\n    image: a\n    ports: 80\n",
      "compose.yaml:4:12: services.web.ports must be a list",
    ],
    [
      "wrong kinds deep inside",
      "services:\n  web:\n    ports:\n      - {target: x, mode: [1]}\n",
      "compose.yaml:4:27: services.web.ports[0].mode must be a string",
    ],
    [
      "bad ports",
      "services:\n  web:\n    image: a\n    ports: ['80:x']\n",
      "compose.yaml:4:13: services.web.ports[0] invalid port '80:x'",
    ],
    [
      "ports out of range",
      "services: {web: {image: a, ports: ['70000:80']}}",
      "compose.yaml:1:36: services.web.ports[0] invalid port '70000'",
    ],
    [
      "services without image",
      "services:\n  web: {tty: true}\n",
      `compose.yaml:2:3: service "web" has neither an image nor a build context specified: invalid compose project`,
    ],
    ["empty services", "services:\n  web:\n", "compose.yaml:2:3: services.web must be a mapping"],
    [
      "undefined networks",
      "services: {web: {image: a, networks: [x]}}",
      `compose.yaml:1:39: service "web" refers to undefined network x: invalid compose project`,
    ],
    [
      "undefined volumes",
      "services: {web: {image: a, volumes: ['x:/x']}}",
      `compose.yaml:1:38: service "web" refers to undefined volume x: invalid compose project`,
    ],
    [
      "undefined dependencies",
      "services: {web: {image: a, depends_on: [x]}}",
      `compose.yaml:1:41: service "web" depends on undefined service "x": invalid compose project`,
    ],
    [
      "cycles",
      "services: {a: {image: a, depends_on: [b]}, b: {image: a, depends_on: [a]}}",
      "compose.yaml:1:26: dependency cycle detected: a -> b -> a: invalid compose project",
    ],
    [
      "one name for many containers",
      "services: {web: {image: a, container_name: c, scale: 2}}",
      "compose.yaml:1:28: services.web: can't set container_name and more than one replica, as container name must be unique: invalid compose project",
    ],
    [
      "required variables",
      `services: {web: {image: "$\{T:?set T}"}}`,
      "compose.yaml:1:25: error while interpolating services.web.image: required variable T is missing a value: set T",
    ],
    [
      "broken templates",
      `services: {web: {image: "$\{"}}`,
      `compose.yaml:1:25: invalid interpolation format for services.web.image: "$\{". You may need to escape any $ with another $`,
    ],
    [
      "keys that are not supported yet",
      "services: {web: {image: a, gpus: all}}",
      "compose.yaml:1:28: services.web.gpus is not supported yet",
    ],
    [
      "extends cycles",
      "services: {a: {extends: b}, b: {extends: a}}",
      "compose.yaml:1:25: circular reference with extends: compose.yaml#a -> compose.yaml#b -> compose.yaml#a",
    ],
    [
      "missing bases",
      "services: {a: {extends: {service: x}}}",
      `compose.yaml:1:25: cannot extend service "a": service "x" not found`,
    ],
    [
      "bad sizes",
      "services: {web: {image: a, mem_limit: lots}}",
      "compose.yaml:1:39: services.web.mem_limit is not valid: invalid size: 'lots'",
    ],
    [
      "missing env files",
      "services: {web: {image: a, env_file: no.env}}",
      "compose.yaml:1:38: env file no.env not found",
    ],
    [
      "conditions it does not know",
      "services: {a: {image: a, depends_on: {b: {condition: x}}}, b: {image: a}}",
      "compose.yaml:1:54: services.a.depends_on.b.condition must be one of 'service_started', 'service_healthy', 'service_completed_successfully'",
    ],
    ["nothing", "name: p\n", "empty compose file: no service declared"],
  ];
  for (const [name, text, message] of cases) {
    test(name, async () => expect(await mistakeOf(text)).toBe(message));
  }

  test("include cycles and conflicts", async () => {
    expect(
      await mistakeOf({ "compose.yaml": "include: [b.yaml]", "b.yaml": "include: [compose.yaml]" }),
    ).toContain("include cycle detected");
    const both = {
      "compose.yaml": "include: [b.yaml]\nservices: {a: {image: x}}",
      "b.yaml": "services: {a: {image: y}}",
    };
    expect(await mistakeOf(both)).toBe("compose.yaml:2:12: services.a conflicts with imported resource");
  });

  test("a folder without files", async () => {
    expect(await mistakeOf({})).toBe("no configuration file provided: not found");
  });
});

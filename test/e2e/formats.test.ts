import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dockerVersion } from "./docker-program.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually, type Output } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.ok(["network", "create", "--label", "n=1", "shown-net"]);
  await engine.ok(["volume", "create", "--label", "v=1", "shown-vol"]);
  await engine.ok([
    "run",
    "-d",
    "--name",
    "shown",
    "-p",
    "127.0.0.1::80",
    "-l",
    "com.x.y=1",
    "-l",
    "b=2",
    "-e",
    "A=b",
    "-v",
    "shown-vol:/data",
    "-m",
    "64m",
    "--network",
    "shown-net",
    "busybox",
    "sleep",
    "1000",
  ]);
  await engine.docker(["run", "--name", "ended", "busybox", "sh", "-c", "echo hi; touch /x; exit 3"]);
  const build = ["FROM busybox", "RUN touch /made", ""].join("\n");
  await engine.ok(["build", "-t", "built", "-"], { stdin: build, env: { DOCKER_BUILDKIT: "0" } });
  await engine.ok(["create", "--name", "waiting", "busybox", "true"]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Both command lines on the same words; ours calls itself by another name. */
async function both(words: readonly string[]): Promise<{ docker: Output; gantry: Output }> {
  const [docker, gantry] = await Promise.all([engine.docker(words), engine.gantry(words)]);
  const renamed = (text: string): string => text.replace(/\bdocker\b/g, "gantry");
  return { docker: { ...docker, stderr: renamed(docker.stderr) }, gantry };
}

/** What both say is the same to the byte. A clock that moved on between the two is asked again. */
async function same(words: readonly string[]): Promise<void> {
  let last: { docker: Output; gantry: Output } | undefined;
  for (let round = 0; round < 10; round += 1) {
    last = await both(words);
    if (Bun.deepEquals(last.docker, last.gantry)) break;
  }
  expect({ words, ...last?.gantry }).toEqual({
    words,
    ...(last?.docker ?? { stdout: "", stderr: "", code: -1 }),
  });
}

const ps = (format: string): string[] => ["ps", "-a", "--format", format];
const inspect = (format: string): string[] => ["inspect", "-f", format, "shown"];

const listings: readonly (readonly string[])[] = [
  ...[
    ["ps"],
    ["ps", "-a"],
    ["ps", "-aq"],
    ["ps", "-aq", "--no-trunc"],
    ["ps", "-as"],
    ["ps", "-l"],
    ["ps", "-n", "2"],
  ],
  ...[
    ["ps", "-a", "--no-trunc"],
    ["ps", "--quiet", "--format", "{{.Names}}"],
    ps("json"),
    ps("table"),
    ps("{{json .}}"),
  ],
  ...[
    ps("table {{.ID}}\\t{{.Names}}\\t{{.Status}}"),
    ps('table {{.Names}}\\t{{.Label "com.x.y"}}\\t{{.Size}}'),
  ],
  ...[
    ["images"],
    ["images", "-q"],
    ["images", "--no-trunc"],
    ["images", "--digests"],
    ["images", "--format", "json"],
  ],
  ...[
    ["images", "--format", "table {{.Repository}}\\t{{.Tag}}"],
    ["images", "--format", "{{.Nope}}"],
    ["images", "nope"],
  ],
  ...[
    ["history", "busybox"],
    ["history", "-q", "busybox"],
    ["history", "--format", "json", "busybox"],
    ["history", "nope"],
  ],
  ...[
    ["network", "ls"],
    ["network", "ls", "--no-trunc"],
    ["network", "ls", "--format", "json"],
  ],
  ...[
    ["network", "ls", "--format", "{{.Nope}}"],
    ["volume", "ls"],
    ["volume", "ls", "-q"],
    ["volume", "ls", "--format", "json"],
  ],
  ...[
    ["volume", "ls", "--format", "{{.Nope}}"],
    ["system", "df"],
    ["system", "df", "-v"],
    ["system", "df", "--format", "json"],
    ["system", "df", "-v", "--format", "json"],
    [
      "system",
      "df",
      "-v",
      "--format",
      "{{range .Images}}{{.Repository}} {{end}}{{range .Volumes}}{{.Name}} {{.Size}}{{end}}",
    ],
  ],
  ...[
    ["system", "df", "--format", "table {{.Type}}\\t{{.Size}}"],
    ["stats", "--no-stream", "ended"],
  ],
  ...[
    ["stats", "--no-stream", "--format", "{{.Nope}}", "ended"],
    ["info", "-f", "{{.ID}} {{.Driver}} {{json .Plugins}}"],
  ],
  ...[
    ["info", "-f", "{{.Nope}}"],
    ["version", "-f", "{{.Server.APIVersion}} {{.Server.Os}}"],
    ["version", "-f", "{{.Nope}}"],
  ],
  ...[
    ["port", "shown"],
    ["port", "shown", "80"],
    ["port", "shown", "81"],
    ["diff", "ended"],
    ["top", "shown", "-eo", "pid,comm"],
  ],
];

const filters: readonly (readonly string[])[] = [
  ...[
    "status=running",
    "status=nope",
    "exited=3",
    "exited=x",
    "label=com.x.y",
    "label=com.x.y=2",
    "name=sho",
    "ancestor=busybox",
  ],
  ...[
    "before=shown",
    "since=shown",
    "before=nope",
    "volume=shown-vol",
    "network=shown-net",
    "health=none",
    "is-task=true",
  ],
  ...["expose=80/tcp", "publish=80", "id=nope", "nope=1"],
].map((filter) => ["ps", "-a", "--filter", filter, "--format", "{{.Names}}"]);

const templates: readonly (readonly string[])[] = [
  ps(
    '{{.Names}} {{.Label "com.x.y"}} {{upper .Names}} {{lower .Image}} {{title .State}} {{.Mounts}} {{.Networks}} {{.Platform}}',
  ),
  ps('{{range $i, $e := split .Labels ","}}{{$i}}={{$e}};{{else}}none{{end}}'),
  ps('{{join (split .Names "e") "-"}} {{len .Names}} {{index (split .Names "e") 0}}'),
  ps(
    '{{printf "%-10s|%5s|%q" .Names .State .Image}}{{println .Names}}{{pad .Names 2 3}}|{{truncate .Names 3}}|',
  ),
  ps(
    '{{if eq .State "running"}}up{{else if eq .State "exited"}}down{{else}}other{{end}}{{with .Labels}}{{.}}{{else}}no{{end}}',
  ),
  ps(
    '{{if and (eq .State "running") (ne .Names "x")}}a{{end}}{{if or (eq .Names "x") (not .Labels)}}b{{end}}',
  ),
  ps(
    '{{/* no */}}{{- .Names -}}   x {{$x := .Names}}{{$x}}{{$x = "y"}}{{$x}} {{.Names | upper | printf "%s!"}}',
  ),
  ps("{{lt (len .Names) 6}} {{gt 3 2}} {{le 1 1}} {{ge 1 2}}"),
  ...[
    "{{.Nope}}",
    "{{.Names",
    "{{nope .Names}}",
    "{{if .Names}}",
    "{{end}}",
    "{{.Names.Foo}}",
    '{{"a" "b"}}',
    "{{range}}x{{end}}",
  ].map(ps),
  ...["{{.Id}}", "{{.ID}}"].map(inspect),
  inspect("{{json .Config}} {{json .HostConfig}} {{json .NetworkSettings}} {{json .State}} {{json .Mounts}}"),
  inspect(
    "{{.HostConfig.LogConfig}} {{.Config.ExposedPorts}} {{index .Mounts 0}} {{.Config.Labels}} {{.Args}}",
  ),
  // Docker's own types take no text as a key of ports: it then asks the JSON, in which objects are maps.
  inspect("{{range $p, $c := .NetworkSettings.Ports}}{{$p}} {{$c}}{{end}}"),
  inspect('{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}'),
  inspect(
    '{{index .Config.Labels "com.x.y"}} {{index .Config.Labels "none"}} {{.Config.Labels.nope}} {{.HostConfig.CapAdd}}',
  ),
  inspect('{{define "x"}}a{{.}}{{end}}{{template "x" .Name}} {{block "y" .}}{{.Name}}{{end}}'),
  inspect(
    "{{range .Config.Env}}{{break}}{{end}}x{{range $i, $x := .Config.Env}}{{if $i}},{{end}}{{$x}}{{end}}",
  ),
  inspect(
    '{{html "<a>"}} {{js "a\\"b"}} {{urlquery "a b&c"}} {{slice .Id 0 12}} {{print 1 2 "a" "b" 3}} {{not true}} {{or 0 "x"}}',
  ),
  inspect(
    '{{printf "%d %v %s %t %x %05d %s" 5 .State.Running .Name .State.Running 255 7}} {{printf "%d" .Name}}',
  ),
  ...[
    "{{.State.Nope}}",
    "{{.Nope.More}}",
    "{{.State.Health.Status}}",
    "{{index .Args 9}}",
    "{{nil}}",
    "{{slice .Name 0 99}}",
    "{{.Name",
  ].map(inspect),
  ["inspect", "shown", "nope"],
  ["inspect", "--type", "image", "shown"],
];

// It is held to the newest command line that it follows; older ones say some things differently.
describe.skipIf(dockerVersion < 28)("our command line says what docker says", () => {
  for (const [what, cases] of Object.entries({ listings, filters, templates })) {
    test(`in ${what}`, async () => {
      for (let at = 0; at < cases.length; at += 4) {
        await Promise.all(cases.slice(at, at + 4).map((words) => same(words)));
      }
    });
  }

  test("of events, live and afterwards, through every template", async () => {
    const window = ["events", "--since", "1h", "--until", String(Date.now() / 1000 - 0.001)];
    const formats = [
      "",
      "json",
      "{{json .}}",
      "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}} {{.ID}} {{.From}} {{.Status}} {{.TimeNano}}",
      "{{.Nope}}",
    ];
    for (const format of formats) await same([...window, ...(format === "" ? [] : ["--format", format])]);
    for (const filter of ["event=die", "label=com.x.y", "type=network", "container=shown", "scope=swarm"]) {
      await same([...window, "--filter", filter]);
    }
    await same(["events", "--since", "soon"]);
  });

  test("with the formats of Docker's configuration file", async () => {
    await Bun.write(
      join(engine.directory, "docker-config/config.json"),
      JSON.stringify({
        psFormat: "table {{.Names}}\\t{{.Image}}",
        imagesFormat: "{{.Repository}}!",
        networksFormat: "{{.Name}}?",
        volumesFormat: "{{.Name}}.",
      }),
    );
    for (const words of [
      ["ps"],
      ["ps", "-q"],
      ["images"],
      ["images", "-q"],
      ["network", "ls"],
      ["volume", "ls"],
      ["ps", "--format", "{{.Names}}"],
    ]) {
      await same(words);
    }
    await Bun.write(join(engine.directory, "docker-config/config.json"), "{}");
    await eventually("the plain listing", async () =>
      (await engine.gantryOk(["ps"])).includes("CONTAINER ID") ? true : undefined,
    );
  });
});

import { expect, test } from "bun:test";
import { join } from "node:path";
import { startEngine, writeFiles } from "./harness.ts";
import { eventually } from "./process.ts";

test("a disk budget evicts what can be pulled again and was unused for longest, and never what is used or local", async () => {
  await using source = await startEngine();
  const files = Object.fromEntries(["one", "two", "three"].map((name) => [name, name.repeat(300_000)]));
  for (const name of Object.keys(files)) {
    // What cannot be compressed shows in the sums as it is.
    const context = writeFiles(join(source.directory, name), {
      Dockerfile: `FROM busybox\nRUN head -c 3000000 /dev/urandom > /big && echo ${name} > /name`,
    });
    await source.ok(["build", "-q", "-t", `shop/${name}`, context]);
  }
  const registry = await source.gantryOk(["registry", "serve", "-d", "--addr", "127.0.0.1:0"]);
  const image = (name: string) => `${registry}/shop/${name}:latest`;

  const options = ["--disk-budget", "22m", "--disk-budget-grace", "1ms"];
  await using engine = await startEngine({ arguments: options });
  const names = async () =>
    (await engine.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n").sort();
  for (const name of ["one", "two", "three"]) await engine.ok(["pull", "-q", image(name)]);
  // 23 MB have room for the base and three images of 6 MB, packed and unpacked.
  expect(await names()).toEqual([image("one"), image("three"), image("two"), "busybox:latest"].sort());

  await engine.ok(["run", "--name", "user", image("two"), "true"]);
  await engine.ok(["run", "--rm", image("one"), "true"]);
  const events = engine.follow(["events", "--filter", "type=image", "--format", "{{.Action}} {{.Actor.ID}}"]);
  const third = await engine.inspect(image("three"), "{{.Id}}");
  await engine.ok([
    "build",
    "-q",
    "-t",
    "local",
    writeFiles(join(engine.directory, "local"), {
      Dockerfile: "FROM busybox\nRUN head -c 2000000 /dev/urandom > /mine",
    }),
  ]);
  // Nobody asks for it: the engine looks for itself some time after something came.
  await eventually("the third image to be evicted", async () =>
    (await names()).includes(image("three")) ? undefined : true,
  );
  await events.until(`delete ${third}`);
  await events[Symbol.asyncDispose]();
  expect(engine.log).toMatch(
    /evicted an image: the disk budget is spent image=\S*shop\/three:latest .*can be pulled again/,
  );
  expect(await names()).toEqual([image("one"), image("two"), "busybox:latest", "local:latest"].sort());
  const usage = await engine.gantryOk(["system", "df"]);
  expect(usage).toMatch(/Disk budget for images and build cache: [\d.]+MB of 23.07MB \(\d+%\)/);

  // Room for nothing: what is in use and what exists here alone stays, and the engine says so.
  await engine.stop();
  await engine.start(["--disk-budget", "1m", "--disk-budget-grace", "1ms"]);
  await engine.ok(["image", "prune", "-f"]);
  expect(await names()).toEqual([image("two"), "busybox:latest", "local:latest"].sort());
  expect(engine.log).toContain("the disk budget is exceeded by what may not be evicted");
  expect(await engine.ok(["run", "--rm", "local", "wc", "-c", "/mine"])).toBe("2000000 /mine");
  expect(await engine.ok(["pull", "-q", image("one")])).toBe(image("one"));
});

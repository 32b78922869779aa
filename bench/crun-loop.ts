// Runs a bundle once for each line of input and prints the time each run took. Meant for a private mount namespace.
const [bundle, name] = process.argv.slice(2);
if (bundle === undefined || name === undefined) throw new Error("Usage: crun-loop.ts BUNDLE NAME");

Bun.spawnSync(["umount", "-l", "/sys/fs/cgroup/unified"], { stderr: "ignore" });
for await (const _ of console) {
  const started = performance.now();
  const { success } = Bun.spawnSync(["crun", "run", "--bundle", bundle, name], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  if (!success) process.exit(1);
  process.stdout.write(`${performance.now() - started}\n`);
}

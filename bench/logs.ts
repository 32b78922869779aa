import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { heading, table } from "../scripts/show.ts";
import { compare, report } from "./containers.ts";
import { type Contender, interleave, median, runCommand, timeCommand } from "./measure.ts";
import { dockers, type Figure, type Setting } from "./setting.ts";

const line = `${"0123456789".repeat(10).slice(0, 99)}\n`;
const bytes = 200_000_000;
const rounds = 5;
/** Docker writes and reads so much slower that a tenth must do. */
const dockerBytes = bytes / 10;

/** Writing 200 MB of 100-byte lines, and reading them back. */
export async function benchmarkLogs(setting: Setting): Promise<Figure[]> {
  const directory = join(setting.engine.directory, "lines");
  mkdirSync(directory);
  writeFileSync(join(directory, "all"), line.repeat(bytes / line.length));
  writeFileSync(join(directory, "some"), line.repeat(dockerBytes / line.length));
  return [...(await benchmarkWriting(setting, directory)), ...(await benchmarkReading(setting))];
}

async function benchmarkWriting(setting: Setting, directory: string): Promise<Figure[]> {
  const what = "200 MB of 100-byte lines from a container, next to the same through a pipe into a file";
  heading(what);
  const piped = join(setting.engine.directory, "piped");
  const [ours, theirs] = dockers(setting);
  const contenders: Contender[] = [
    { name: "Gantry", once: () => timeContainer(ours?.command ?? [], directory, "all") },
    { name: "pipe", once: () => timeCommand(["sh", "-c", `busybox cat ${directory}/all | cat >${piped}`]) },
  ];
  if (theirs) {
    contenders.push({
      name: "Docker, 20 MB × 10",
      once: async () => 10 * (await timeContainer(theirs.command, directory, "some")),
    });
  }
  const results = await interleave(contenders, rounds);
  report(results);
  return compare(what, results, 1.3);
}

/** From when the container is recorded as started to when it is recorded as ended. */
async function timeContainer(command: readonly string[], directory: string, file: string): Promise<number> {
  await runCommand([...command, "rm", "-f", "printer"]).catch(() => "");
  const run = [
    "run",
    "-d",
    "--name",
    "printer",
    "-v",
    `${directory}:/lines:ro`,
    "busybox",
    "cat",
    `/lines/${file}`,
  ];
  await runCommand([...command, ...run]);
  await runCommand([...command, "wait", "printer"]);
  const state = await runCommand([...command, "inspect", "-f", "{{json .State}}", "printer"]);
  const { StartedAt, FinishedAt } = JSON.parse(state);
  return Date.parse(FinishedAt) - Date.parse(StartedAt);
}

async function benchmarkReading(setting: Setting): Promise<Figure[]> {
  heading("reading them back");
  const [ours, theirs] = dockers(setting);
  const rates: { name: string; rate: number }[] = [];
  const measure = async (name: string, size: number, once: () => Promise<number>): Promise<number> => {
    const times: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const time = await once();
      if (round >= 0) times.push(time);
    }
    const rate = size / 1000 / median(times);
    rates.push({ name, rate });
    return rate;
  };
  const logs = (command: readonly string[]) => () => timeCommand([...command, "logs", "printer"]);
  const read = await measure("Gantry, docker logs", bytes, logs(ours?.command ?? []));
  await measure("Gantry, the bare answer over HTTP", bytes, () => timeAnswer(setting.engine.socket));
  if (theirs) await measure("Docker, docker logs", dockerBytes, logs(theirs.command));
  table(rates.map(({ name, rate }) => [name, `${rate.toFixed(0)} MB/s`]));
  return [
    {
      what: "docker logs of 200 MB",
      value: `${read.toFixed(0)} MB/s`,
      limit: "≥ 400 MB/s",
      met: read >= 400,
    },
  ];
}

async function timeAnswer(socket: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const started = performance.now();
  let got = 0;
  const path = "/containers/printer/logs?stdout=1&stderr=1";
  request({ socketPath: socket, path }, (answer) => {
    answer.on("data", (chunk: Uint8Array) => {
      got += chunk.length;
    });
    answer.on("end", () => {
      if (got < bytes) reject(new Error(`${got} bytes came back of ${bytes}`));
      else resolve(performance.now() - started);
    });
  })
    .on("error", reject)
    .end();
  return await promise;
}

import { memoryOf, processesWith } from "../scripts/machine.ts";
import { heading, table } from "../scripts/show.ts";
import { runCommand } from "./measure.ts";
import { dockers, type Figure, type Setting } from "./setting.ts";

const count = 20;

/** What the idle engine and idle containers hold of memory, shared pages divided among those who share them. */
export async function weigh(setting: Setting): Promise<Figure[]> {
  heading("memory of the engine and all its helpers (PSS)");
  const [ours] = dockers(setting);
  const before = await settled(setting);
  for (let container = 0; container < count; container++) {
    await runCommand([...(ours?.command ?? []), "run", "-d", "busybox", "sleep", "100000"]);
  }
  const after = await settled(setting);
  const each = (after - before) / count;
  table([
    ["engine, idle, and one container", mebibytes(before)],
    [`${count} idle containers more`, mebibytes(after)],
    ["each of them", mebibytes(each)],
  ]);
  return [
    { what: "engine, idle", value: mebibytes(before), limit: "< 80 MB", met: before * 1024 < 80e6 },
    { what: "each idle container", value: mebibytes(each), limit: "< 1 MB", met: each * 1024 < 1e6 },
  ];
}

/** The smallest of what is held over some seconds: an engine gives memory back when nobody asks it anything. */
async function settled(setting: Setting): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 12; look++) {
    await Bun.sleep(500);
    least = Math.min(least, held(setting));
  }
  return least;
}

/** Of processes that are ours: the engine, shims, helpers; not what runs inside containers. */
function held({ engine }: Setting): number {
  const shims = processesWith("gantry-shim").filter(({ command }) => command.includes(engine.directory));
  return [engine.pid, ...shims.map(({ pid }) => pid)].reduce((sum, pid) => sum + (memoryOf(pid) ?? 0), 0);
}

function mebibytes(kibibytes: number): string {
  return `${((kibibytes * 1024) / 1e6).toFixed(1)} MB`;
}

import { formatBytes } from "../../../base/index.ts";
import { failOnError } from "../../../client/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { busyboxTar } from "./busybox-tar.ts";
import { splitReference } from "./reference.ts";

export const bootstrapCommand: Command = {
  usage: "bootstrap [OPTIONS] busybox|debian[:SUITE]",
  summary: "Make a base image without a registry: from this machine's busybox, or of Debian's packages",
  flags: [
    {
      name: "tag",
      short: "t",
      kind: "string",
      help: "Name of the image (default busybox:latest, debian:SUITE)",
    },
    { name: "quiet", short: "q", kind: "bool", help: "Only print the image ID" },
    {
      name: "variant",
      kind: "string",
      default: "minbase",
      help: "Debian: how much to install, see mmdebstrap",
    },
    { name: "include", kind: "strings", help: "Debian: further packages" },
    { name: "mirror", kind: "string", help: "Debian: where packages come from (default: as this machine)" },
    { name: "arch", kind: "string", help: "Debian: another architecture (arm64, …); needs binfmt" },
  ],
  args: { least: 1, most: 1 },
  run,
};

/** A file system that becomes an image of one layer. */
interface Base {
  readonly name: string;
  readonly message: string;
  readonly tar: AsyncIterable<Uint8Array>;
  readonly shell: string;
  readonly platform?: string;
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

async function run(cli: Cli, { flags, args: [what = ""] }: Invocation): Promise<number> {
  const base = await chooseBase(cli, flags, what);
  const { repository, tag = "latest" } = splitReference(flags.find("tag") ?? base.name);
  const messages = cli.client.images.importTar(base.tar, {
    repository,
    tag,
    message: base.message,
    changes: [`ENV ${path}`, `CMD ["${base.shell}"]`],
    platform: base.platform,
  });
  let id = "";
  for await (const message of failOnError(messages)) id = message.status ?? id;
  if (flags.bool("quiet")) {
    await cli.out.write(`${id}\n`);
    return 0;
  }
  const { Size } = await cli.client.images.inspect(id);
  await cli.out.write(`${id}\nTagged ${repository}:${tag}, ${formatBytes(Size)}\n`);
  return 0;
}

async function chooseBase(cli: Cli, flags: FlagValues, what: string): Promise<Base> {
  const debian = /^debian(?::([a-z][a-z0-9.-]*))?$/.exec(what);
  if (debian) return await debianBase(cli, flags, debian[1]);
  if (what !== "busybox") {
    throw new ExitError(1, `unknown base image "${what}": busybox and debian:SUITE can be made here`);
  }
  for (const flag of ["variant", "include", "mirror", "arch"]) {
    if (flags.has(flag)) throw new ExitError(1, `--${flag} is for debian alone`);
  }
  const message = "Made from this machine's busybox";
  return { name: "busybox:latest", message, tar: await busyboxTar(), shell: "sh" };
}

async function debianBase(cli: Cli, flags: FlagValues, wanted: string | undefined): Promise<Base> {
  const { debianTar, machineMirror, machineSuite } = await import("./debian-tar.ts");
  const suite = wanted ?? (await machineSuite());
  const mirror = flags.find("mirror") ?? (await machineMirror());
  const architecture = flags.find("arch");
  const say = (line: string): void => {
    if (!flags.bool("quiet")) void cli.err.write(`${line}\n`);
  };
  const tar = debianTar({
    ...{ suite, mirror, architecture, say },
    variant: flags.text("variant"),
    include: flags.list("include"),
    env: cli.env,
  });
  return {
    name: `debian:${suite}`,
    message: `Made by mmdebstrap of Debian ${suite}`,
    tar,
    shell: "bash",
    ...(architecture === undefined ? {} : { platform: `linux/${architecture}` }),
  };
}

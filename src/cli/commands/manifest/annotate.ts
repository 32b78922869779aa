import type { ManifestPlatform } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { fullReference } from "../../registry/index.ts";
import { findStored, writeStored } from "./store.ts";

/** What a list may name, by operating system; Docker's table. */
const architectures: Readonly<Record<string, readonly string[]>> = {
  darwin: ["386", "amd64", "arm", "arm64"],
  dragonfly: ["amd64"],
  freebsd: ["386", "amd64", "arm"],
  linux: ["386", "amd64", "arm", "arm64", "mips64", "mips64le", "ppc64le", "riscv64", "s390x"],
  netbsd: ["386", "amd64", "arm"],
  openbsd: ["386", "amd64", "arm"],
  plan9: ["386", "amd64"],
  solaris: ["amd64"],
  windows: ["386", "amd64"],
};

export const annotateManifestCommand: Command = {
  usage: "annotate [OPTIONS] MANIFEST_LIST MANIFEST",
  summary: "Add additional information to a local image manifest",
  flags: [
    { name: "arch", kind: "string", help: "Set architecture" },
    { name: "os", kind: "string", help: "Set operating system" },
    { name: "os-features", kind: "strings", help: "Set operating system feature" },
    { name: "os-version", kind: "string", help: "Set operating system version" },
    { name: "variant", kind: "string", help: "Set architecture variant" },
  ],
  args: { least: 2, most: 2 },
  run: async (cli, { flags, args: [name = "", image = ""] }) => {
    const list = fullReference(name);
    const reference = fullReference(image);
    const manifest = await findStored(cli, list, reference);
    if (!manifest) throw new ExitError(1, `manifest for image ${reference} does not exist in ${list}`);
    const platform = annotated(manifest.Descriptor.platform ?? {}, flags);
    const { os = "", architecture = "" } = platform;
    if (!Object.hasOwn(architectures, os) || !architectures[os]?.includes(architecture)) {
      throw new ExitError(
        1,
        `manifest entry for image has unsupported os/arch combination: ${os}/${architecture}`,
      );
    }
    await writeStored(cli, list, [{ ...manifest, Descriptor: { ...manifest.Descriptor, platform } }]);
    return 0;
  },
};

function annotated(platform: ManifestPlatform, flags: FlagValues): ManifestPlatform {
  const features = [...new Set([...(platform["os.features"] ?? []), ...flags.list("os-features")])];
  const architecture = flags.find("arch") ?? platform.architecture;
  const os = flags.find("os") ?? platform.os;
  const version = flags.find("os-version") ?? platform["os.version"];
  const variant = flags.find("variant") ?? platform.variant;
  return {
    ...(architecture ? { architecture } : {}),
    ...(os ? { os } : {}),
    ...(version ? { "os.version": version } : {}),
    ...(features.length > 0 ? { "os.features": features } : {}),
    ...(variant ? { variant } : {}),
  };
}

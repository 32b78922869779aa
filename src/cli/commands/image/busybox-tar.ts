import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { codeOf } from "../../../base/index.ts";
import { encodeTarHeader, type TarEntry, tarEnd, tarPadding } from "../../../client/index.ts";
import { ExitError } from "../../exit.ts";

const program = "/bin/busybox";
const advice = "install the package busybox-static";

/** The file system of a small base image: the machine's busybox with its commands, users, and the usual folders. */
export async function busyboxTar(): Promise<AsyncIterable<Uint8Array>> {
  const binary = await readFile(program).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new ExitError(1, `${program} is missing: ${advice}`);
  });
  if (!isStatic(binary)) throw new ExitError(1, `${program} is not statically linked: ${advice}`);
  const applets = await listApplets();
  return entries(binary, applets);
}

async function listApplets(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(program, ["--list-full"]);
  return stdout
    .split("\n")
    .filter((path) => /^[\w./[+-]+$/.test(path) && path !== "bin/busybox")
    .sort();
}

const folders = [
  ...["bin", "dev", "etc", "home", "lib", "lib64", "proc", "root", "run", "sbin", "srv", "sys", "tmp"],
  ...["usr", "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/local/sbin", "usr/sbin", "usr/share"],
  ...["var", "var/cache", "var/lib", "var/log", "var/spool", "var/tmp"],
];

const modes: Readonly<Record<string, number>> = { tmp: 0o1777, "var/tmp": 0o1777, root: 0o700 };

const files: Readonly<Record<string, { text: string; mode?: number }>> = {
  "etc/group": {
    text: [
      ...["root:x:0:", "daemon:x:1:", "bin:x:2:", "sys:x:3:", "adm:x:4:", "tty:x:5:", "disk:x:6:"],
      ...[
        "mail:x:8:",
        "www-data:x:33:",
        "staff:x:50:",
        "users:x:100:",
        "nobody:x:65534:",
        "nogroup:x:65533:",
      ],
    ].join("\n"),
  },
  "etc/nsswitch.conf": { text: "passwd: files\ngroup: files\nhosts: files dns" },
  "etc/passwd": {
    text: [
      "root:x:0:0:root:/root:/bin/sh",
      "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
      "bin:x:2:2:bin:/bin:/bin/false",
      "sys:x:3:3:sys:/dev:/bin/false",
      "mail:x:8:8:mail:/var/spool/mail:/bin/false",
      "www-data:x:33:33:www-data:/var/www:/bin/false",
      "nobody:x:65534:65534:nobody:/home:/bin/false",
    ].join("\n"),
  },
  "etc/profile": { text: "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
  "etc/shadow": { text: "root:*:::::::", mode: 0o640 },
};

/** No time of making goes in: the same busybox makes the same layer. */
async function* entries(binary: Uint8Array, applets: readonly string[]): AsyncGenerator<Uint8Array, void> {
  const entry = (path: string, rest: Partial<TarEntry> & Pick<TarEntry, "kind">) =>
    encodeTarHeader({ path, mode: 0o755, mtime: 0, size: 0, ...rest });
  for (const path of folders) yield entry(path, { kind: "directory", mode: modes[path] ?? 0o755 });
  for (const [path, { text, mode = 0o644 }] of Object.entries(files)) {
    const bytes = Buffer.from(`${text}\n`);
    yield entry(path, { kind: "file", mode, size: bytes.length });
    yield bytes;
    yield tarPadding(bytes.length);
  }
  yield entry("bin/busybox", { kind: "file", size: binary.length });
  yield binary;
  yield tarPadding(binary.length);
  for (const path of applets) yield entry(path, { kind: "symlink", mode: 0o777, link: "/bin/busybox" });
  yield entry("etc/mtab", { kind: "symlink", mode: 0o777, link: "/proc/mounts" });
  yield tarEnd;
}

/** True for a 64-bit ELF program that asks for no interpreter. */
function isStatic(binary: Uint8Array): boolean {
  const view = new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  if (binary.length < 64 || view.getUint32(0) !== 0x7f454c46 || binary[4] !== 2 || binary[5] !== 1)
    return false;
  const start = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  const interpreter = 3;
  for (let index = 0; index < count; index += 1) {
    if (view.getUint32(start + index * size, true) === interpreter) return false;
  }
  return true;
}

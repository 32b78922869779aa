import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DebianOptions,
  debianTar,
  debianWords,
  machineMirror,
  machineSuite,
  mirrorIn,
} from "./debian-tar.ts";

const directory = mkdtempSync(join(tmpdir(), "gantry-debian-"));
afterAll(() => rmSync(directory, { recursive: true }));

const options: DebianOptions = {
  ...{ suite: "trixie", variant: "minbase", include: [], mirror: "", architecture: undefined },
  env: { PATH: `${directory}:/usr/bin:/bin` },
  say: () => {},
};

/** Puts a program in mmdebstrap's place. */
function pretend(script: string): void {
  const path = join(directory, "mmdebstrap");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const text = async (tar: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(tar)).toString();

test("what is asked for becomes words of mmdebstrap", () => {
  const words = debianWords({
    ...options,
    include: ["curl", "git"],
    mirror: "http://m/debian",
    architecture: "arm64",
  });
  expect(words.filter((word) => !word.startsWith("--dpkgopt") && !word.startsWith("--aptopt"))).toEqual([
    ...["--variant=minbase", "--format=tar", "--mode=root", "--include=curl,git", "--architectures=arm64"],
    ...["trixie", "-", "http://m/debian"],
  ]);
});

test("the tar is what the program writes, and what it says is passed on", async () => {
  pretend(
    'echo "I: working" >&2; printf "tar of %s" "$(for a; do case $a in -*) ;; *) echo $a;; esac; done)"',
  );
  const said: string[] = [];
  expect(await text(debianTar({ ...options, say: (line) => said.push(line) }))).toBe("tar of trixie");
  expect(said).toEqual(["I: working"]);
});

test("a failure ends the tar with what went wrong", async () => {
  pretend('printf half; echo "E: no such suite" >&2; exit 25');
  const failing = text(debianTar(options));
  await expect(failing).rejects.toThrow(
    "mmdebstrap could not make debian:trixie (exit code 25)\nE: no such suite",
  );
});

test("a machine without mmdebstrap says how to get it", async () => {
  const env = { PATH: join(directory, "empty") };
  await expect(text(debianTar({ ...options, env }))).rejects.toThrow("apt-get install mmdebstrap");
});

test("mirror and suite are those of the machine", async () => {
  expect(mirrorIn("# comment\ndeb [signed-by=/x] http://deb.example/debian bookworm main\n")).toBe(
    "http://deb.example/debian",
  );
  expect(mirrorIn("Types: deb\nURIs: https://m.example/debian/\nSuites: trixie")).toBe(
    "https://m.example/debian/",
  );
  expect(
    mirrorIn("deb http://security.example/debian-security x main\ndeb https://other.example/apt x"),
  ).toBeUndefined();
  mkdirSync(join(directory, "sources.list.d"));
  writeFileSync(join(directory, "sources.list.d/debian.sources"), "URIs: http://a.example/debian\n");
  expect(await machineMirror(directory)).toBe("http://a.example/debian");
  writeFileSync(join(directory, "release"), "ID=debian\nVERSION_CODENAME=trixie\n");
  expect(await machineSuite(join(directory, "release"))).toBe("trixie");
  writeFileSync(join(directory, "release"), "ID=ubuntu\nVERSION_CODENAME=noble\n");
  expect(await machineSuite(join(directory, "release"))).toBe("stable");
});

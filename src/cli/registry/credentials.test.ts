import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeAuth } from "../../wire/index.ts";
import {
  allCredentials,
  eraseCredentials,
  findCredentials,
  hubKey,
  registryAuth,
  registryKey,
  serverKey,
  storeCredentials,
} from "./index.ts";

let directory = "";
const file = (): string => join(directory, "config.json");
const cli = () => ({
  configDirectory: directory,
  env: { PATH: `${directory}:${process.env.PATH}`, KEEP: directory },
});
const pair = (text: string): string => Buffer.from(text).toString("base64");

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-config-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A helper that keeps one credential in a file, as `docker-credential-pass` and its kind behave. */
function writeHelper(name: string): void {
  const script = `#!/bin/sh
case "$1" in
store) cat > "$KEEP/kept" ;;
get) read -r url; if grep -q "\\"ServerURL\\":\\"$url\\"" "$KEEP/kept" 2>/dev/null; then cat "$KEEP/kept"
     else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) rm -f "$KEEP/kept" ;;
esac
`;
  writeFileSync(join(directory, `docker-credential-${name}`), script, { mode: 0o755 });
}

test("the registry of a reference is its host, and Docker Hub's old URL where there is none", () => {
  for (const hub of ["redis", "me/app:1", "docker.io/library/redis", "index.docker.io/me/app"]) {
    expect(registryKey(hub)).toBe(hubKey);
  }
  expect(registryKey("localhost/app")).toBe("localhost");
  expect(registryKey("127.0.0.1:5000/app@sha256:00")).toBe("127.0.0.1:5000");
  expect(registryKey("Example.com/team/app:1")).toBe("Example.com");
  expect(serverKey("https://example.com/v2/")).toBe("example.com");
  expect(serverKey("docker.io")).toBe(hubKey);
});

test("credentials are kept in the file for its owner alone, and what others wrote there stays", async () => {
  writeFileSync(
    file(),
    JSON.stringify({ HttpHeaders: { "X-A": "b" }, auths: { "other.example": { auth: pair("o:p") } } }),
    {
      mode: 0o644,
    },
  );
  expect(await storeCredentials(cli(), "example.com", { username: "me", password: "a:b" })).toEqual({
    file: file(),
  });
  expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({
    HttpHeaders: { "X-A": "b" },
    auths: { "other.example": { auth: pair("o:p") }, "example.com": { auth: pair("me:a:b") } },
  });
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(["config.json"]);
  expect(decodeAuth(await registryAuth(cli(), "example.com/team/app:1"))).toEqual({
    username: "me",
    password: "a:b",
    serveraddress: "example.com",
  });
  expect(await eraseCredentials(cli(), "example.com")).toBe(true);
  expect(await eraseCredentials(cli(), "example.com")).toBe(false);
  expect(Object.keys(JSON.parse(readFileSync(file(), "utf8")).auths)).toEqual(["other.example"]);
});

test("an identity token takes the place of the password", async () => {
  await storeCredentials(cli(), hubKey, { username: "me", password: "secret", identitytoken: "refresh" });
  expect(readFileSync(file(), "utf8")).not.toContain(pair("me:secret"));
  expect(await findCredentials(cli(), hubKey)).toMatchObject({ username: "me", identitytoken: "refresh" });
});

test("entries of old versions are URLs, and count for their host", async () => {
  writeFileSync(file(), JSON.stringify({ auths: { "https://example.com/v1/": { auth: pair("me:x") } } }));
  expect(await findCredentials(cli(), "example.com")).toMatchObject({ username: "me", password: "x" });
  expect(await findCredentials(cli(), "example.org")).toBeUndefined();
  expect(await registryAuth(cli(), "example.org/app")).toBe("e30=");
});

test("a helper keeps the secret, the file only says that there is one", async () => {
  writeHelper("keeper");
  writeFileSync(file(), JSON.stringify({ credsStore: "keeper" }));
  expect(await storeCredentials(cli(), "example.com", { username: "me", password: "secret" })).toEqual({
    helper: "keeper",
  });
  expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({
    credsStore: "keeper",
    auths: { "example.com": {} },
  });
  expect(await findCredentials(cli(), "example.com")).toMatchObject({ username: "me", password: "secret" });
  expect(await findCredentials(cli(), "example.org")).toBeUndefined();
  expect(Object.keys(await allCredentials(cli()))).toEqual(["example.com"]);
  await eraseCredentials(cli(), "example.com");
  expect(existsSync(join(directory, "kept"))).toBe(false);
  expect(await findCredentials(cli(), "example.com")).toBeUndefined();
});

test("a helper of a registry's own goes before the one for all, and its token is an identity token", async () => {
  writeHelper("own");
  writeFileSync(file(), JSON.stringify({ credsStore: "missing", credHelpers: { "example.com": "own" } }));
  await storeCredentials(cli(), "example.com", { username: "me", identitytoken: "refresh" });
  expect(await findCredentials(cli(), "example.com")).toEqual({
    identitytoken: "refresh",
    serveraddress: "example.com",
  });
});

test("a helper that is missing, or a file that is no JSON, is told and never passed over", async () => {
  writeFileSync(file(), JSON.stringify({ credsStore: "missing" }));
  expect(findCredentials(cli(), "example.com")).rejects.toThrow(
    'exec: "docker-credential-missing": executable file not found in $PATH',
  );
  await findCredentials(cli(), "example.com").catch(() => {});
  writeFileSync(file(), "{");
  expect(findCredentials(cli(), "example.com")).rejects.toThrow(`Error loading config file: ${file()}`);
  await findCredentials(cli(), "example.com").catch(() => {});
});

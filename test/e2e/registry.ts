import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../../scripts/suites.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { eventually } from "./process.ts";

const takenOutOfPackage = join(repository, "build/docker-registry/docker-registry");

export interface RegistryOptions {
  /** Who may come in, with passwords; everybody by default. */
  readonly users?: Readonly<Record<string, string>>;
  /** Speak TLS with a certificate of an authority of the test's own. */
  readonly tls?: boolean;
  /** Let nobody in without a certificate by that authority. */
  readonly clientCertificates?: boolean;
}

/** A real registry on 127.0.0.1 at a port of its own, with an empty store. Disposing ends it and removes the store. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** For `--registry-certs`: holds what is needed to believe this registry, and a client certificate when it asks. */
  readonly certificates: string;
  /** Where blobs lie as files. */
  readonly store: string;
  log(): string;
}

export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const directory = mkdtempSync(join(tmpdir(), "gantry-registry-"));
  const made = options.tls || options.clientCertificates ? makeCertificates(directory) : undefined;
  const config = join(directory, "config.json");
  writeFileSync(config, JSON.stringify(await configOf(directory, options, made)));
  const logPath = join(directory, "log");
  const child = Bun.spawn([Bun.which("docker-registry") ?? takenOutOfPackage, "serve", config], {
    stdin: "ignore",
    stdout: Bun.file(logPath),
    stderr: Bun.file(logPath),
    env: { PATH: process.env.PATH ?? "", OTEL_TRACES_EXPORTER: "none" },
  });
  const log = (): string => readFileSync(logPath, "utf8");
  const host = await eventually("the registry to listen", () => {
    if (child.exitCode !== null) throw new Error(`The registry ended:\n${log()}`);
    return /listening on (127\.0\.0\.1:\d+)/.exec(log())?.[1];
  });
  const certificates = join(directory, "certs.d");
  if (made) offerCertificates(join(certificates, host), made);
  return {
    host,
    certificates,
    store: join(directory, "store"),
    log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function configOf(directory: string, options: RegistryOptions, made: Certificates | undefined) {
  const passwords = join(directory, "passwords");
  const users = Object.entries(options.users ?? {});
  const lines = users.map(
    async ([name, password]) =>
      `${name}:${await Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 })}\n`,
  );
  writeFileSync(passwords, (await Promise.all(lines)).join(""));
  return {
    version: "0.1",
    log: { level: "info", formatter: "json" },
    storage: { filesystem: { rootdirectory: join(directory, "store") }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      secret: "test",
      ...(made
        ? {
            tls: {
              certificate: made.certificate,
              key: made.key,
              ...(options.clientCertificates ? { clientcas: [made.authority] } : {}),
            },
          }
        : {}),
    },
    ...(users.length > 0 ? { auth: { htpasswd: { realm: "test", path: passwords } } } : {}),
  };
}

function offerCertificates(place: string, made: Certificates): void {
  mkdirSync(place, { recursive: true });
  const copies = {
    "ca.crt": made.authority,
    "client.cert": made.clientCertificate,
    "client.key": made.clientKey,
  };
  for (const [name, source] of Object.entries(copies)) writeFileSync(join(place, name), readFileSync(source));
}

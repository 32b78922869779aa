import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../../scripts/suites.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { eventually } from "./process.ts";
import { startTokenServer, type TestTokenServer } from "./token-server.ts";

const takenOutOfPackage = join(repository, "build/docker-registry/docker-registry");

export interface RegistryOptions {
  /** Who may come in, with passwords; everybody by default. */
  readonly users?: Readonly<Record<string, string>>;
  /** Speak TLS with a certificate of an authority of the test's own. */
  readonly tls?: boolean;
  /** Let nobody in without a certificate by that authority. */
  readonly clientCertificates?: boolean;
  /** Let in who has a token of a token server that `me` with `secret` may do everything at. */
  readonly tokens?: boolean;
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
  /** With `tokens`. */
  readonly tokenServer: TestTokenServer | undefined;
}

export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const directory = mkdtempSync(join(tmpdir(), "gantry-registry-"));
  const speaksTls = options.tls || options.clientCertificates;
  const made = speaksTls || options.tokens ? makeCertificates(directory) : undefined;
  const tokenServer = options.tokens && made ? startTokenServer(made) : undefined;
  const config = join(directory, "config.json");
  writeFileSync(config, JSON.stringify(await configOf(directory, options, { made, tokenServer })));
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
  if (made && speaksTls) offerCertificates(join(certificates, host), made);
  return {
    host,
    certificates,
    store: join(directory, "store"),
    log,
    tokenServer,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      await tokenServer?.[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Made {
  readonly made: Certificates | undefined;
  readonly tokenServer: TestTokenServer | undefined;
}

async function configOf(directory: string, options: RegistryOptions, { made, tokenServer }: Made) {
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
      ...(made && !tokenServer
        ? {
            tls: {
              certificate: made.certificate,
              key: made.key,
              ...(options.clientCertificates ? { clientcas: [made.authority] } : {}),
            },
          }
        : {}),
    },
    ...(made && tokenServer
      ? {
          auth: {
            token: {
              realm: tokenServer.realm,
              service: "test",
              issuer: "test",
              rootcertbundle: made.authority,
            },
          },
        }
      : {}),
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

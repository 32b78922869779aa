import { join } from "node:path";

/** What a registry over TLS needs, and what its clients need to believe it. Paths of PEM files. */
export interface Certificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** Shown by clients where the server asks for a certificate. */
  readonly clientCertificate: string;
  readonly clientKey: string;
}

/** Makes an authority, and certificates by it for a server at 127.0.0.1 or registry.test, and for a client. Needs `openssl`. */
export function makeCertificates(directory: string): Certificates {
  const at = (name: string): string => join(directory, name);
  const authority = at("ca.crt");
  openssl(directory, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.crt"],
    ...["-addext", "basicConstraints=critical,CA:TRUE"],
  ]);
  for (const [name, extension] of [
    ["server", "subjectAltName=IP:127.0.0.1,DNS:registry.test"],
    ["client", "extendedKeyUsage=clientAuth"],
  ] as const) {
    openssl(directory, [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...["-CA", "ca.crt", "-CAkey", "ca.key", "-subj", `/CN=${name}`, "-addext", extension],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-keyout", `${name}.key`, "-out", `${name}.crt`],
    ]);
  }
  return {
    authority,
    certificate: at("server.crt"),
    key: at("server.key"),
    clientCertificate: at("client.crt"),
    clientKey: at("client.key"),
  };
}

function openssl(directory: string, args: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: directory });
  if (exitCode !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr.toString()}`);
}

import type { RegistryOptions } from "../../registry/index.ts";

/** What `GET /info` tells of registries and proxies; passwords of proxies are blotted out. */
export function registriesInfo(options: Omit<RegistryOptions, "userAgent">) {
  const isRange = (entry: string): boolean => entry.includes("/");
  const hosts = options.insecure.filter((entry) => !isRange(entry));
  const known = new Set(["docker.io", ...hosts, ...Object.keys(options.mirrors)]);
  const describe = (name: string) => ({
    Name: name,
    Mirrors: options.mirrors[name] ?? [],
    Secure: !hosts.includes(name),
    Official: name === "docker.io",
  });
  return {
    RegistryConfig: {
      InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...options.insecure.filter(isRange)],
      IndexConfigs: Object.fromEntries([...known].map((name) => [name, describe(name)])),
      Mirrors: options.mirrors["docker.io"] ?? [],
    },
    HttpProxy: maskProxy(options.proxy.http),
    HttpsProxy: maskProxy(options.proxy.https),
    NoProxy: options.proxy.no ?? "",
  };
}

function maskProxy(proxy: string | undefined): string {
  return (proxy ?? "").replace(/^([a-z]+:\/\/)?[^/@]*@/i, "$1xxxxx:xxxxx@");
}

import { RegistryError } from "./error.ts";
import { refusalError } from "./failure.ts";
import { parseRefusal, readErrorBody } from "./refusal.ts";
import { homeSite, type Site, type SiteNeeds } from "./site.ts";
import type { Answer } from "./transport.ts";
import type { Cancel, LoginResult, RegistryCredentials } from "./types.ts";

/** Where Docker Hub's credentials belong, by the name that clients have for it. */
const hubAddress = "index.docker.io";

/** Tries credentials at their registry; see `RegistryClient.login`. */
export async function login(
  needs: SiteNeeds,
  credentials: RegistryCredentials,
  { signal }: Cancel,
): Promise<LoginResult> {
  const host = hostOf(credentials.serverAddress ?? "");
  if (!credentials.username && !credentials.identityToken && !credentials.registryToken) {
    throw new RegistryError("invalid", "Cannot log in: no user name given", { subject: host });
  }
  const asked = { repository: host };
  const domain = host === hubAddress ? "docker.io" : host;
  const site = await homeSite(needs, domain, { credentials, asked, signal });
  const purpose = { method: "GET", url: new URL("v2/", site.base), scopes: [], asked, signal };
  const knock = (authorization: string | undefined): Promise<Answer> =>
    needs.send({ ...purpose, headers: {}, authorization });

  const first = await knock(await site.authority.header(purpose));
  await first.discard();
  if (first.response.ok) return { status: "Login Succeeded", identityToken: "" };
  if (first.response.status !== 401 || !(await site.authority.learn(first, undefined)))
    throw await failed(first, site);
  const token = await site.authority.identify(purpose);
  const second = await knock(token ? `Bearer ${token.value}` : await site.authority.header(purpose));
  if (!second.response.ok) throw await failed(second, site);
  await second.discard();
  return { status: "Login Succeeded", identityToken: token?.identityToken ?? "" };
}

/** `https://index.docker.io/v1/`, `example.com`, or nothing, which means Docker Hub. */
function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  if (host === "" || host === "docker.io" || host === "registry-1.docker.io") return hubAddress;
  if (URL.canParse(`https://${host}`) && new URL(`https://${host}`).username === "" && !/[\s\\?#]/.test(host))
    return host;
  throw new RegistryError("invalid", `invalid registry address "${host}"`, { subject: host });
}

async function failed(answer: Answer, site: Site): Promise<RegistryError> {
  const { status, statusText } = answer.response;
  if (status !== 401)
    return refusalError(parseRefusal(answer.response, await readErrorBody(answer.body())), answer.asked);
  await answer.discard();
  const text =
    `login attempt to ${new URL("v2/", site.base).href} failed with status: ${status} ${statusText}`.trim();
  return new RegistryError("unauthenticated", text, { subject: answer.asked.repository, status });
}

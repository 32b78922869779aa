import { applyPlan, type LifeVerb, planLife } from "../../../compose/index.ts";
import type { Compose } from "./compose-command.ts";
import { containersOf } from "./containers.ts";

/** Does `verb` to the containers of the services named, or of all. */
export async function runLife(
  compose: Compose,
  verb: LifeVerb,
  services: readonly string[],
  options: { readonly oneoff?: boolean } = {},
): Promise<number> {
  const containers = await containersOf(compose, services, options);
  await compose.working((applying) => applyPlan(planLife(verb, containers), applying));
  return 0;
}

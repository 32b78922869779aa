import { EngineError } from "../base/index.ts";
import type { ComposeClient } from "./compose-client.ts";
import { execute, type Report } from "./execute.ts";
import type { Plan } from "./graph.ts";
import type { Project, Service } from "./model/index.ts";
import { imageName } from "./names.ts";
import { type Observed, type ObservedImage, observe, observeImages } from "./observe.ts";
import { performWith } from "./perform.ts";
import { type ImageOptions, planImages } from "./plan-images.ts";
import { planUp, selectServices, type UpOptions } from "./plan-up.ts";

/** How plans are carried out for one command. */
export interface Applying {
  readonly client: ComposeClient;
  readonly signal?: AbortSignal | undefined;
  readonly report?: Report | undefined;
  /** Told of each sentence that a plan has for the user. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Steps are reported, none is carried out. */
  readonly dryRun?: boolean | undefined;
  readonly parallel?: number | undefined;
}

/** Carries out a plan. Throws as `execute` does. */
export async function applyPlan(plan: Plan, applying: Applying): Promise<void> {
  const { client, signal, report, parallel, dryRun, warn } = applying;
  for (const warning of plan.warnings) warn?.(warning);
  const perform = dryRun ? async () => undefined : performWith(client);
  await execute(plan, { perform, signal, report, parallel });
}

/** Builds or fetches what `services` need and returns the images as they are afterwards. */
export async function ensureImages(
  project: Project,
  applying: Applying,
  options: ImageOptions,
): Promise<ReadonlyMap<string, ObservedImage>> {
  const { client, signal, dryRun } = applying;
  const names = options.services.map((service) => imageName(project, service));
  const before = await observeImages(client, names, signal);
  const plan = planImages(project, before, options);
  if (plan.nodes.length === 0) return before;
  await applyPlan(plan, applying);
  if (dryRun) return before;
  const after = await observeImages(client, names, signal);
  for (const service of options.services) requireImage(imageName(project, service), service, after);
  return after;
}

function requireImage(image: string, service: Service, images: ReadonlyMap<string, ObservedImage>): void {
  if (images.has(image)) return;
  throw new EngineError("not-found", `service "${service.name}": no such image: ${image}`, {
    subject: image,
  });
}

export interface BringUpOptions extends UpOptions {
  readonly build?: ImageOptions["build"];
  /** Stands over the `pull_policy` of every service. */
  readonly pull?: string;
}

/** What `bringUp` saw before it began, and what it did. */
export interface BroughtUp {
  readonly services: readonly Service[];
  readonly before: Observed;
  readonly plan: Plan;
}

/** The whole of `up`: images, then one snapshot, one plan, and the plan carried out. */
export async function bringUp(
  project: Project,
  applying: Applying,
  options: BringUpOptions = {},
): Promise<BroughtUp> {
  const services = selectServices(project, options);
  const images = await ensureImages(project, applying, {
    services,
    build: options.build ?? "missing",
    pull: options.pull,
  });
  const seen = await observe(applying.client, { project: project.name, signal: applying.signal });
  const before: Observed = { ...seen, images };
  const plan = planUp(project, before, options);
  await applyPlan(plan, applying);
  return { services, before, plan };
}

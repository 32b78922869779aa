import { failOnError } from "../../../client/index.ts";
import type { Cli } from "../../cli.ts";
import type { Output } from "../../output.ts";
import { showProgress } from "../../progress/index.ts";
import { splitReference } from "./reference.ts";

export interface PullPlan {
  /** Where progress is shown; undefined shows none. */
  readonly out: Output | undefined;
  readonly platform?: string | undefined;
  readonly allTags?: boolean;
}

/** Pulls an image; returns once it is there. Throws in the engine's words. */
export async function pullImage(cli: Cli, image: string, plan: PullPlan): Promise<void> {
  const { repository, tag } = splitReference(image);
  const messages = failOnError(
    cli.client.images.pull(repository, {
      tag: plan.allTags ? undefined : (tag ?? "latest"),
      platform: plan.platform,
    }),
  );
  if (plan.out) await showProgress(messages, plan.out);
  else for await (const _ of messages);
}

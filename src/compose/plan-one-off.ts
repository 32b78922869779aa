import type { ContainerCreateRequest } from "../wire/index.ts";
import { containerRequest } from "./container-request.ts";
import { imageName } from "./names.ts";
import { beforeCreate, type ServiceContext } from "./service-context.ts";

/** A container for one command of a service (`compose run`). */
export interface OneOff {
  readonly service: string;
  readonly name: string;
  /** Tells it from the service's other one-off containers. */
  readonly slug: string;
  /** What the command line changes of the service's container. */
  readonly adjust: (request: ContainerCreateRequest) => ContainerCreateRequest;
}

/** Plans to create it; everything that the service depends on is ready before. */
export function planOneOff(context: ServiceContext, { name, slug, adjust }: OneOff): void {
  const { draft, project, service, observed } = context;
  const request = containerRequest({
    project,
    service,
    number: 1,
    slug,
    imageID: observed.images.get(imageName(project, service))?.id ?? "",
  });
  draft.add({
    resource: `service:${service.name}:run`,
    operation: { kind: "CreateContainer", name, request: adjust(request) },
    cause: "one-off command",
    needs: [...beforeCreate(context), ...context.gate()],
    show: { subject: `Container ${name}`, working: "Creating", done: "Created" },
  });
}

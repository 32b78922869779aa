import type { Project, Service } from "./model/index.ts";

/** `<project>-<service>-<number>`, or the name that the file fixes. */
export function containerName(project: Project, service: Service, number: number): string {
  return service.containerName ?? `${project.name}-${service.name}-${number}`;
}

/** The name of a container until the one that it replaces is gone. */
export function temporaryName(replacedID: string, name: string): string {
  return `${replacedID.slice(0, 12)}_${name}`;
}

/** Whether `name` is one that `temporaryName` gave for `final`. */
export function isTemporaryName(name: string, final: string): boolean {
  return name.endsWith(`_${final}`) && /^[0-9a-f]{12}$/.test(name.slice(0, -final.length - 1));
}

/** What the image of a service is called: as the file says, else `<project>-<service>` for built ones. */
export function imageName(project: Project, service: Service): string {
  return service.image ?? `${project.name}-${service.name}`;
}

import packageFile from "../../package.json" with { type: "json" };
import type { Project, ProjectNetwork, ProjectVolume, Service } from "./model/index.ts";

/** The labels by which Compose finds again what it made. */
export const label = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
  oneoff: "com.docker.compose.oneoff",
  hash: "com.docker.compose.config-hash",
  image: "com.docker.compose.image",
  dependsOn: "com.docker.compose.depends_on",
  directory: "com.docker.compose.project.working_dir",
  files: "com.docker.compose.project.config_files",
  environmentFiles: "com.docker.compose.project.environment_file",
  version: "com.docker.compose.version",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
  replace: "com.docker.compose.replace",
  slug: "com.docker.compose.slug",
} as const;

export interface ContainerIdentity {
  readonly number: number;
  /** ID of the image that the container is made from. */
  readonly imageID: string;
  /** Name of the container that this one takes the place of. */
  readonly replaces?: string;
  /** Set on one-off containers (`compose run`). */
  readonly slug?: string;
}

/** The labels of a container of `service`, over its own. */
export function containerLabels(
  project: Project,
  service: Service,
  identity: ContainerIdentity,
): Record<string, string> {
  const { replaces, slug } = identity;
  return {
    ...service.config.Labels,
    [label.project]: project.name,
    [label.service]: service.name,
    [label.number]: String(identity.number),
    [label.oneoff]: slug === undefined ? "False" : "True",
    [label.hash]: service.hash,
    [label.image]: identity.imageID,
    [label.dependsOn]: service.dependsOn
      .map(({ service: other, condition, restart }) => `${other}:${condition}:${restart}`)
      .join(","),
    [label.directory]: project.directory,
    [label.files]: project.files.join(","),
    ...(project.environmentFiles.length === 0
      ? {}
      : { [label.environmentFiles]: project.environmentFiles.join(",") }),
    [label.version]: packageFile.version,
    ...(replaces === undefined ? {} : { [label.replace]: replaces }),
    ...(slug === undefined ? {} : { [label.slug]: slug }),
  };
}

/** The labels of a network of the project. */
export function networkLabels(project: Project, network: ProjectNetwork): Record<string, string> {
  return { ...network.labels, ...resourceLabels(project, network.hash), [label.network]: network.key };
}

/** The labels of a volume of the project. */
export function volumeLabels(project: Project, volume: ProjectVolume): Record<string, string> {
  return { ...volume.labels, ...resourceLabels(project, volume.hash), [label.volume]: volume.key };
}

function resourceLabels(project: Project, hash: string): Record<string, string> {
  return { [label.project]: project.name, [label.hash]: hash, [label.version]: packageFile.version };
}

/** The filters that find everything of a project. */
export function projectFilter(name: string): { label: string[] } {
  return { label: [`${label.project}=${name}`] };
}

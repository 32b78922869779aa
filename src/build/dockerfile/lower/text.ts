import type { Plan, TreeSource, Vertex, VertexMount } from "./graph.ts";

/** One line for each vertex, without what depends on the machine: for tests, and the key of identical vertices. */
export function vertexText(vertex: Vertex): string {
  switch (vertex.kind) {
    case "image":
      return `image ${vertex.reference} ${vertex.imageID}`;
    case "scratch":
      return "scratch";
    case "directory":
      return `directory #${vertex.input} ${vertex.path}`;
    case "run": {
      const parts = [
        `run #${vertex.input} ${JSON.stringify(vertex.args)}`,
        `env=${JSON.stringify(vertex.env)}`,
        `cwd=${vertex.cwd}`,
        vertex.user === "" ? "" : `user=${vertex.user}`,
        vertex.network === "default" ? "" : `network=${vertex.network}`,
        vertex.script ? `script=${JSON.stringify([vertex.script.name, vertex.script.content])}` : "",
        ...vertex.mounts.map(mountText),
      ];
      return parts.filter((part) => part !== "").join(" ");
    }
    case "copy": {
      const parts = [
        `${vertex.instruction.toLowerCase()} #${vertex.input} from ${treeText(vertex.tree)}`,
        JSON.stringify(vertex.sources),
        ...vertex.inline.map((file) => `inline=${JSON.stringify([file.name, file.content])}`),
        `to ${vertex.destination}`,
        vertex.chown === undefined ? "" : `chown=${vertex.chown}`,
        vertex.chmod === undefined ? "" : `chmod=${vertex.chmod}`,
        ...vertex.exclude.map((pattern) => `exclude=${JSON.stringify(pattern)}`),
      ];
      return parts.filter((part) => part !== "").join(" ");
    }
  }
}

function mountText(mount: VertexMount): string {
  switch (mount.kind) {
    case "tmpfs":
      return `tmpfs=${mount.target}${mount.size === undefined ? "" : `,${mount.size}`}`;
    case "cache": {
      const access = mount.readonly ? ",ro" : "";
      return `cache=${mount.id}:${mount.target},${mount.sharing},${mount.mode.toString(8)},${mount.uid}:${mount.gid}${access}`;
    }
    case "bind":
      return `bind=${treeText(mount.tree)}:${mount.path}:${mount.target}${mount.readonly ? "" : ",rw"}`;
  }
}

function treeText(tree: TreeSource): string {
  return tree.kind === "context" ? "context" : `#${tree.vertex}`;
}

/** The whole plan as text: vertices, then steps. */
export function planText(plan: Plan): string {
  const vertices = plan.vertices.map((vertex, id) => `#${id} ${vertexText(vertex)}`);
  const steps = plan.steps.map((step) => {
    const number = step.number === undefined ? "trigger" : `${step.number}/${plan.stepCount}`;
    return `${number} ${step.text} -> #${step.vertex}${step.changesTree ? "" : " (config)"}`;
  });
  return [...vertices, ...steps, ...plan.warnings.map((warning) => `warning: ${warning}`), ""].join("\n");
}

/**
 * The absolute path that `path` names for somebody in `directory`, without `.`, `..` and doubled slashes. As
 * `resolve` of `node:path` has it, which takes each command half a millisecond to load.
 */
export function resolveIn(directory: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

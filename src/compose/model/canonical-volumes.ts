import { mistake } from "./error.ts";
import { cutVolume } from "./short-syntax.ts";
import { changeEntry, dict, leaf, type Path, type Tree, textOf } from "./tree.ts";

const propagations = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

/** One volume in the long form: a source that looks like a path is a bind mount, another a named volume. */
export function canonicalVolume(item: Tree, path: Path): Tree {
  if (item.kind === "dict") return labelled(item);
  const text = textOf(item) ?? "";
  const parts = cutVolume(text);
  if (parts === undefined)
    throw mistake(item.at, path, `invalid spec: ${text}: empty section between colons`);
  if (!parts.target.startsWith("/")) {
    throw mistake(item.at, path, `invalid volume '${text}': the path in the container must be absolute`);
  }
  const bind = parts.source !== undefined && /^[./~]/.test(parts.source);
  const entries: [string, Tree][] = [["type", leaf(bind ? "bind" : "volume", item.at)]];
  if (parts.source !== undefined) entries.push(["source", leaf(parts.source, item.at)]);
  entries.push(["target", leaf(parts.target, item.at)]);
  return dict([...entries, ...optionEntries(parts.options, bind, item, path)], item.at);
}

function labelled(item: Tree & { kind: "dict" }): Tree {
  return changeEntry(item, "volume", (options) =>
    options.kind === "dict"
      ? changeEntry(options, "labels", (labels) => {
          if (labels.kind !== "list") return labels;
          return dict(
            labels.items.map((line) => {
              const [name, ...value] = (textOf(line) ?? "").split("=");
              return [name ?? "", leaf(value.join("="), line.at)];
            }),
            labels.at,
          );
        })
      : options,
  );
}

function optionEntries(
  options: readonly string[],
  bind: boolean,
  item: Tree,
  path: Path,
): readonly (readonly [string, Tree])[] {
  const { at } = item;
  const known = [
    "ro",
    "rw",
    "z",
    "Z",
    "cached",
    "delegated",
    "consistent",
    "",
    ...(bind ? propagations : ["nocopy"]),
  ];
  const unknown = options.find((option) => !known.includes(option));
  if (unknown !== undefined) throw mistake(at, path, `invalid mode: ${unknown}`);
  const entries: [string, Tree][] = options.includes("ro") ? [["read_only", leaf(true, at)]] : [];
  if (options.includes("nocopy")) entries.push(["volume", dict([["nocopy", leaf(true, at)]], at)]);
  if (bind) entries.push(["bind", dict(bindEntries(options, item), at)]);
  return entries;
}

function bindEntries(options: readonly string[], item: Tree): [string, Tree][] {
  const entries: [string, Tree][] = [["create_host_path", leaf(true, item.at)]];
  const propagation = options.find((option) => propagations.includes(option));
  if (propagation !== undefined) entries.push(["propagation", leaf(propagation, item.at)]);
  const selinux = options.find((option) => option === "z" || option === "Z");
  if (selinux !== undefined) entries.push(["selinux", leaf(selinux, item.at)]);
  return entries;
}

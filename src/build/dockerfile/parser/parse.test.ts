import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerfileError } from "../error.ts";
import { type Node, parseDockerfile } from "./index.ts";

const folder = join(import.meta.dir, "../../../../test/conformance/dockerfile-parser");

function parse(text: string) {
  return parseDockerfile(new TextEncoder().encode(text), "Dockerfile");
}

function parseFile(...path: string[]) {
  return parseDockerfile(readFileSync(join(folder, ...path, "Dockerfile")), "Dockerfile");
}

/** Quotes as Go's strconv.Quote does, for the characters that the data holds. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][0-9a-f])/g, "\\x$1");
}

function dump(node: Node): string {
  const flags = node.flags.length > 0 ? ` [${node.flags.map(quote).join(" ")}]` : "";
  const rest = node.child ? [`(${dump(node.child)})`] : node.args.map(quote);
  return [`${node.name.toLowerCase()}${flags}`, ...rest].join(" ");
}

function failure(text: string): DockerfileError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error("parsed");
}

describe("the parser", () => {
  test("cuts files as the reference implementation does", () => {
    const names = readdirSync(join(folder, "testfiles"));
    for (const name of names) {
      const nodes = parseFile("testfiles", name).nodes.map((node) => `(${dump(node)})`);
      const wanted = readFileSync(join(folder, "testfiles", name, "result"), "utf8")
        .trimEnd()
        .split("\n");
      expect({ name, nodes }).toEqual({ name, nodes: wanted });
    }
    expect(names.length).toBe(33);
  });

  test("refuses what the reference implementation refuses", () => {
    for (const name of readdirSync(join(folder, "testfiles-negative"))) {
      expect(() => parseFile("testfiles-negative", name)).toThrow(DockerfileError);
    }
  });

  test("knows from which line to which an instruction reaches", () => {
    const ranges = parseFile("testfile-line").nodes.map((node) => [node.startLine, node.endLine]);
    expect(ranges).toEqual([
      [5, 5],
      [11, 12],
      [17, 31],
    ]);
  });

  test("skips a byte order mark and accepts Windows line ends", () => {
    const { nodes } = parse("\uFEFFFROM x\r\nRUN a \\\r\n  b\r\n");
    expect(nodes.map(dump)).toEqual(['from "x"', 'run "a   b"']);
  });

  test("collects heredocs, several a line, with tabs stripped and expansion off where asked", () => {
    const { nodes } = parse(
      'COPY <<a <<-"b" /x/\none $v\na\n\ttwo\n\tb\nRUN cat <<< no\nONBUILD RUN <<E\nx\nE\n',
    );
    expect(nodes[0]?.heredocs).toEqual([
      { name: "a", content: "one $v\n", expand: true, chomp: false },
      { name: "b", content: "\ttwo\n", expand: false, chomp: true },
    ]);
    expect(nodes[1]?.heredocs).toEqual([]);
    expect(nodes[2]?.child?.heredocs.map((heredoc) => heredoc.content)).toEqual(["x\n"]);
    expect(nodes.map((node) => [node.startLine, node.endLine])).toEqual([
      [1, 5],
      [6, 6],
      [7, 9],
    ]);
  });

  test("says where a word stands, across continuations", () => {
    const [node] = parse("  COPY --from=a \\\n   # why\n   --chown=b x /y\n").nodes;
    expect(node?.place()).toMatchObject({ line: 1, column: 3 });
    expect(node?.place("--chown")).toMatchObject({ line: 3, column: 4, text: "   --chown=b x /y" });
  });

  test("shows file, line, column and the line itself when it fails", () => {
    expect(failure("FROM x\nENV A=1 B\n").message).toBe(
      `dockerfile parse error on line 2: Syntax error - can't find = in "B". Must be of the form: name=value\n` +
        "Dockerfile:2:1\n 2 | ENV A=1 B\n   | ^",
    );
    expect(failure("RUN <<EOF\nx\n").message).toContain("unterminated heredoc");
    expect(failure("RUN <<EOF\nx\n").position).toEqual({ line: 1, column: 5 });
    expect(failure("# escape=x\nFROM y").message).toContain("invalid escape token 'x'");
    expect(failure("# escape=`\n# escape=`\nFROM y").message).toContain("only one escape parser directive");
  });

  test("warns of blank lines inside a continued instruction", () => {
    expect(parse("RUN a \\\n\n b\n").warnings).toEqual([{ message: "Empty continuation line", line: 1 }]);
  });
});

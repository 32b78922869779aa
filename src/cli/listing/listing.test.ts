import { describe, expect, test } from "bun:test";
import { type ListingOptions, portText, type Row, renderListing } from "./index.ts";

const rows: readonly Row[] = [
  { ID: "1", Names: "web", Labels: "a=b", Label: (key: string) => (key === "a" ? "b" : "") },
  { ID: "22222222222222", Names: "db", Labels: "", Label: (key: string) => (key === "" ? "?" : "") },
];
const options = (format?: string): ListingOptions => ({
  format,
  table: "{{.ID}}\t{{.Names}}",
  headings: { ID: "CONTAINER ID", Names: "NAMES" },
  type: "ContainerContext",
});

describe("listings", () => {
  test("are tables with aligned columns", () => {
    expect(renderListing(rows, options())).toBe(
      ["CONTAINER ID     NAMES", "1                web", "22222222222222   db", ""].join("\n"),
    );
  });

  test("take columns from a table template, labels by name", () => {
    expect(renderListing(rows, options('table {{.Names}}\\t{{.Label "com.a"}}'))).toBe(
      ["NAMES     a", "web       ", "db        ", ""].join("\n"),
    );
  });

  test("run a plain template once a row", () => {
    expect(renderListing(rows, options('{{.ID}}/{{.Label "a"}}'))).toBe("1/b\n22222222222222/\n");
  });

  test("are JSON, a line a row, by word and by template", () => {
    const line = '{"ID":"1","Labels":"a=b","Names":"web"}';
    expect(renderListing(rows.slice(0, 1), options("json"))).toBe(`${line}\n`);
    expect(renderListing(rows.slice(0, 1), options("{{json .}}"))).toBe(`${line}\n`);
    expect(renderListing(rows.slice(0, 1), options("{{json .Names}}"))).toBe('"web"\n');
  });

  test("call what takes an argument with one, and show it nowhere else", () => {
    for (const [template, source] of [
      ["{{.Label}}", ".Label"],
      ['{{.Label "a" "b"}}', ".Label"],
      ["{{json .Label}}", ".Label"],
      ["{{with .Label}}x{{end}}", ".Label"],
    ] as const) {
      expect(() => renderListing(rows.slice(0, 1), options(template))).toThrow(
        new RegExp(`at <${source}>: wrong number of args for Label: want 1 got [02]$`),
      );
    }
    expect(renderListing(rows.slice(0, 1), options("{{.}}"))).toBe("{1 web a=b}\n");
  });

  test("refuse fields that they do not have", () => {
    expect(() => renderListing(rows, options("{{.Foo}}"))).toThrow(
      `failed to execute template: template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
    );
  });
});

describe("ports", () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type = "tcp") => ({
    PrivatePort,
    Type,
    ...(PublicPort === undefined ? {} : { PublicPort }),
    ...(IP === undefined ? {} : { IP }),
  });

  test("are shown with their addresses", () => {
    expect(portText([port(80, 8080, "0.0.0.0"), port(80, 8080, "::"), port(443)])).toBe(
      "443/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
    );
  });

  test("that follow each other are joined to ranges", () => {
    expect(portText([port(81), port(80), port(82), port(90), port(53, undefined, undefined, "udp")])).toBe(
      "80-82/tcp, 53/udp, 90/tcp",
    );
    expect(portText([port(80, 80, "0.0.0.0"), port(81, 81, "0.0.0.0")])).toBe("0.0.0.0:80-81->80-81/tcp");
  });
});

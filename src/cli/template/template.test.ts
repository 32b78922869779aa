import { describe, expect, test } from "bun:test";
import { compileTemplate, inspectMissing } from "./index.ts";

const run = (template: string, data: unknown = sample) =>
  compileTemplate(template, {
    parseError: "template parsing error",
    runError: "template parsing error",
    missing: inspectMissing,
  }).run(data);

const sample = {
  Id: "abc",
  Name: "/web",
  Size: 1500,
  On: true,
  Tags: ["a:1", "b:2"],
  None: [],
  Labels: { "com.x": "y", plain: "p" },
  Net: { Ports: { "80/tcp": [{ HostPort: "8080" }], "81/tcp": null } },
};

describe("templates", () => {
  test("print fields, nested fields, and values as Go prints them", () => {
    expect(run("{{.Id}} {{.ID}} {{.Tags}} {{.Labels}} {{.On}} {{.Net.Ports}}")).toBe(
      "abc abc [a:1 b:2] map[com.x:y plain:p] true map[80/tcp:[{8080}] 81/tcp:<nil>]",
    );
  });

  test("print objects of the API as Go prints structures, and maps as maps", () => {
    expect(run("{{.State}}", { State: { Status: "running", Pid: 4, Health: null, Log: null } })).toBe(
      "{running 4 <nil> []}",
    );
    expect(run("{{.LogConfig}}", { LogConfig: { Type: "local", Config: {} } })).toBe("{local map[]}");
    expect(
      run("{{.ExposedPorts}} {{.Labels}}", { ExposedPorts: { "80/tcp": {} }, Labels: { KEY: "v" } }),
    ).toBe("map[80/tcp:{}] map[KEY:v]");
  });

  test("define templates and call them with a value of their own", () => {
    expect(
      run('{{define "x"}}<{{.}}{{with $}}!{{end}}>{{end}}{{range .Tags}}{{template "x" .}}{{end}}'),
    ).toBe("<a:1!><b:2!>");
    expect(run('{{block "y" .Name}}[{{.}}]{{end}}')).toBe("[/web]");
    expect(() => run('{{template "none"}}')).toThrow('<{{template "none"}}>: template "none" not defined');
    expect(() => run('{{define "r"}}{{template "r"}}{{end}}{{template "r"}}')).toThrow(
      "exceeded maximum template depth",
    );
  });

  test("print, cut and escape as Go does", () => {
    expect(run('{{print 1 2 "a" "b" 3}} {{print .Id .Size}} {{urlquery "a b&c"}}')).toBe(
      "1 2ab3 abc1500 a+b%26c",
    );
    expect(run("{{slice .Id 1}} {{slice .Id 0 2}}")).toBe("bc ab");
    expect(() => run("{{slice .Id 0 9}}")).toThrow("error calling slice: index out of range: 9");
    expect(() => run("{{nil}}")).toThrow("<nil>: nil is not a command");
    expect(() => run('{{"a" "b"}}')).toThrow(`<"a">: can't give argument to non-function "a"`);
    expect(() => run("{{.Name.First}}")).toThrow("<.Name.First>: can't evaluate field First in type string");
  });

  test("write JSON", () => {
    expect(run("{{json .Tags}}{{json .Missing}}", { Tags: ["<a>"], Missing: null })).toBe('["<a>"]null');
    expect(run("{{.Labels | json}}")).toBe('{"com.x":"y","plain":"p"}');
  });

  test("index maps and lists", () => {
    expect(run('{{index .Labels "com.x"}}/{{index .Tags 1}}/{{index .Labels "no"}}')).toBe("y/b:2/");
    expect(run('{{(index (index .Net.Ports "80/tcp") 0).HostPort}}')).toBe("8080");
    expect(
      run(
        "{{range $p, $conf := .Net.Ports}}{{$p}}={{if $conf}}{{(index $conf 0).HostPort}}{{else}}-{{end}};{{end}}",
      ),
    ).toBe("80/tcp=8080;81/tcp=-;");
  });

  test("branch with if, else if, with and their else", () => {
    expect(run("{{if .None}}a{{else if .On}}b{{else}}c{{end}}")).toBe("b");
    expect(run("{{with .Labels}}{{.plain}}{{end}}{{with .None}}x{{else}}empty{{end}}")).toBe("pempty");
    expect(run("{{if and .On (eq .Size 1500)}}yes{{end}}{{if or .None (not .On)}}no{{end}}")).toBe("yes");
    expect(run('{{if eq .Id "x" "abc"}}one of{{end}}{{if ne .Id "abc"}}{{else}} same{{end}}')).toBe(
      "one of same",
    );
  });

  test("range over lists and maps with variables, break and else", () => {
    expect(run("{{range .Tags}}<{{.}}>{{end}}{{range .None}}{{else}}none{{end}}")).toBe("<a:1><b:2>none");
    expect(run("{{range $i, $t := .Tags}}{{if $i}},{{end}}{{$t}}{{end}}")).toBe("a:1,b:2");
    expect(run("{{range .Tags}}{{.}}{{break}}{{end}}")).toBe("a:1");
    expect(run("{{$n := 0}}{{range .Tags}}{{$n = .}}{{end}}{{$n}}{{$.Id}}")).toBe("b:2abc");
  });

  test("pipe and call functions", () => {
    expect(run('{{.Name | printf "%-8s|" }}{{upper .Id}}{{title "a b"}}{{lower "X"}}')).toBe(
      "/web    |ABCA Bx",
    );
    expect(run('{{join .Tags ", "}} {{len .Tags}} {{(split .Name "/") | json}}')).toBe(
      'a:1, b:2 2 ["","web"]',
    );
    expect(run("{{len .Empty}}", { Empty: null })).toBe("0");
    expect(run('{{truncate .Name 2}}{{pad .Id 1 2}}|{{println "x" 1}}')).toBe("/w abc  |x 1\n");
    expect(run('{{printf "%d %5.1f %q %v %x" .Size 2.25 .Id .Tags 255}}')).toBe(
      '1500   2.3 "abc" [a:1 b:2] ff',
    );
  });

  test("trim around actions and drop comments", () => {
    expect(run("a  {{- .Id -}}  b{{/* c */}}")).toBe("aabcb");
  });

  test("take strings with braces, raw strings and escapes", () => {
    expect(run('{{"}}"}}{{`a\\n`}}{{"\\t"}}')).toBe("}}a\\n\t");
  });

  test("give <no value> for a key that a map lacks", () => {
    expect(run("{{.Labels.absent}}")).toBe("<no value>");
  });

  test("print what is empty as Docker's types do", () => {
    expect(
      run("{{.Binds}} {{.Volumes}} {{.Health}} {{.Init}}", { Binds: null, Volumes: null, Init: null }),
    ).toBe("[] map[] <nil> <nil>");
    expect(run("{{json .Binds}}", { Binds: null })).toBe("null");
  });

  test.each([
    ["{{.Id", "template parsing error: template: :1: unclosed action"],
    ["{{foo .Id}}", 'template parsing error: template: :1: function "foo" not defined'],
    ["{{if .Id}}", "template parsing error: template: :1: unexpected EOF"],
    ["{{end}}", "template parsing error: template: :1: unexpected {{end}}"],
    [
      "{{.Foo}}",
      'template parsing error: template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"',
    ],
    [
      "x{{ .Health.Status }}",
      'template parsing error: template: :1:11: executing "" at <.Health.Status>: map has no entry for key "Health"',
    ],
    [
      "{{index .Tags 7}}",
      'template parsing error: template: :1:2: executing "" at <index .Tags 7>: error calling index: index out of range: 7',
    ],
    ["{{}}", "template parsing error: template: :1: missing value for command"],
  ])("tell what is wrong with %s", (template, message) => {
    expect(() => run(template)).toThrow(message);
  });
});

import { describe, expect, test } from "bun:test";
import { type FlagSpec, flagHelp, parseFlags } from "./index.ts";

const specs: readonly FlagSpec[] = [
  { name: "interactive", short: "i", kind: "bool", help: "Keep STDIN open" },
  { name: "tty", short: "t", kind: "bool", help: "Allocate a pseudo-TTY" },
  { name: "env", short: "e", kind: "list", help: "Set environment variables" },
  { name: "name", kind: "string", help: "Assign a name" },
  { name: "memory", short: "m", kind: "bytes", help: "Memory limit" },
  { name: "cpus", kind: "decimal", help: "Number of CPUs" },
  { name: "pids-limit", kind: "int", help: "Tune container pids limit" },
  { name: "subnet", kind: "strings", help: "Subnet" },
  { name: "filter", short: "f", kind: "filter", help: "Filter output" },
  { name: "sig-proxy", kind: "bool", default: "true", help: "Proxy received signals to the process" },
  { name: "net", alias: "name", kind: "string", help: "" },
  { name: "wait-for", kind: "duration", help: "Time" },
];

const parse = (...argv: string[]) => parseFlags(specs, argv);

describe("flags", () => {
  test("come long and short, joined, with = or a space, and as clusters", () => {
    const { flags, args } = parse("-it", "-eA=1", "-e", "B=2", "-e=C=3", "--env=D=4", "--name", "x", "image");
    expect([flags.bool("interactive"), flags.bool("tty"), flags.text("name")]).toEqual([true, true, "x"]);
    expect(flags.list("env")).toEqual(["A=1", "B=2", "C=3", "D=4"]);
    expect(args).toEqual(["image"]);
  });

  test("end at -- and, where the command says so, at the first argument", () => {
    expect(parse("a", "--tty", "--", "-i").args).toEqual(["a", "-i"]);
    const stopped = parseFlags(specs, ["-t", "image", "-i", "--x"], { interspersed: false });
    expect(stopped.args).toEqual(["image", "-i", "--x"]);
    expect(stopped.flags.bool("interactive")).toBe(false);
  });

  test("take their default, and false for a switch", () => {
    const { flags } = parse("--sig-proxy=false");
    expect(flags.bool("sig-proxy")).toBe(false);
    expect(parse().flags.bool("sig-proxy")).toBe(true);
    expect([parse().flags.find("name"), parse().flags.has("name")]).toEqual([undefined, false]);
  });

  test("give numbers, sizes, durations, comma lists, filters and other spellings", () => {
    const { flags } = parse("-m", "64m", "--pids-limit=-1", "--subnet", "a,b", "--subnet=c", "--net", "n");
    expect([flags.bytes("memory"), flags.int("pids-limit"), flags.text("name")]).toEqual([67108864, -1, "n"]);
    expect(flags.list("subnet")).toEqual(["a", "b", "c"]);
    expect(parse("-f", "label=a=b", "-f", "label=c", "--filter=status=up").flags.filters("filter")).toEqual({
      label: ["a=b", "c"],
      status: ["up"],
    });
    expect(parse("--wait-for", "1m30s").flags.duration("wait-for")).toBe(90e9);
  });

  test("--help and -h are understood everywhere", () => {
    expect([parse("--help").help, parse("-h").help, parse("-ih").help]).toEqual([true, true, true]);
  });

  test.each([
    [["--x"], "unknown flag: --x"],
    [["-z"], "unknown shorthand flag: 'z' in -z"],
    [["-iz"], "unknown shorthand flag: 'z' in -iz"],
    [["--name"], "flag needs an argument: --name"],
    [["-ie"], "flag needs an argument: 'e' in -ie"],
    [["--memory", "5x"], `invalid argument "5x" for "-m, --memory" flag: invalid suffix: 'x'`],
    [["--memory", "abc"], `invalid argument "abc" for "-m, --memory" flag: invalid size: 'abc'`],
    [["--cpus", "abc"], `invalid argument "abc" for "--cpus" flag: failed to parse abc as a rational number`],
    [
      ["--tty=foo"],
      `invalid argument "foo" for "-t, --tty" flag: strconv.ParseBool: parsing "foo": invalid syntax`,
    ],
    [
      ["--pids-limit=x"],
      `invalid argument "x" for "--pids-limit" flag: strconv.ParseInt: parsing "x": invalid syntax`,
    ],
    [
      ["-f", "foo"],
      `invalid argument "foo" for "-f, --filter" flag: bad format of filter (expected name=value)`,
    ],
    [["--wait-for", "5"], `invalid argument "5" for "--wait-for" flag: time: missing unit in duration "5"`],
    [["--=x"], "bad flag syntax: --=x"],
  ])("tell in Docker's words what is wrong with %j", (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });

  test("are described in Docker's layout", () => {
    expect(flagHelp(specs.slice(2, 5))).toBe(
      [
        "  -e, --env list       Set environment variables",
        "  -m, --memory bytes   Memory limit",
        "      --name string    Assign a name",
      ].join("\n"),
    );
  });
});

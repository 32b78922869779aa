import { describe, expect, test } from "bun:test";
import { buildSeccomp } from "./seccomp.ts";

interface Filter {
  readonly defaultAction: string;
  readonly architectures: readonly string[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number;
  }[];
}

function build(
  profile: "default" | "unconfined" | object,
  capabilities: string[] = [],
  architecture = "amd64",
): Filter {
  // The tests look at what the runtime would read.
  return JSON.parse(JSON.stringify(buildSeccomp({ profile, capabilities, architecture })));
}

/** The actions of the rules that name a call. */
function rules(filter: Filter, name: string): string[] {
  return filter.syscalls
    .filter(({ names }) => names.includes(name))
    .map(({ action, errnoRet }) => `${action}${errnoRet ?? ""}`);
}

describe("the default profile", () => {
  test("refuses what is not listed and allows the ordinary", () => {
    const filter = build("default");
    expect(filter.defaultAction).toBe("SCMP_ACT_ERRNO");
    for (const name of ["openat", "execve", "ptrace", "io_uring_setup"]) {
      expect(rules(filter, name).length).toBe(name === "io_uring_setup" ? 0 : 1);
    }
    const names = filter.syscalls.flatMap((rule) => rule.names);
    expect(new Set(filter.syscalls[0]?.names).size).toBe(364);
    expect(names).not.toContain("mount");
    expect(rules(filter, "socket").length).toBe(3);
    expect(rules(filter, "personality").length).toBe(5);
  });

  test("lets libraries fall back from clone3, and no clone make namespaces", () => {
    const filter = build("default");
    expect(rules(filter, "clone3")).toEqual(["SCMP_ACT_ERRNO38"]);
    const [clone] = filter.syscalls.filter(({ names }) => names.includes("clone"));
    expect(clone).toMatchObject({
      args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    });
  });

  test("opens calls with the capability that guards them", () => {
    const filter = build("default", ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"]);
    for (const name of ["mount", "setns", "clone3", "chroot"])
      expect(rules(filter, name)).toEqual(["SCMP_ACT_ALLOW"]);
    expect(rules(filter, "reboot")).toEqual([]);
  });

  test("knows the machine", () => {
    expect(build("default").architectures).toEqual(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]);
    expect(rules(build("default"), "arch_prctl").length).toBe(1);
    const arm = build("default", [], "arm64");
    expect(arm.architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
    expect(rules(arm, "arch_prctl")).toEqual([]);
  });
});

describe("a user's profile", () => {
  test("is taken in Docker's form and in the runtime's", () => {
    const docker = {
      defaultAction: "SCMP_ACT_ALLOW",
      archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
      syscalls: [
        { name: "mkdir", action: "SCMP_ACT_ERRNO" },
        { names: ["chmod"], action: "SCMP_ACT_ERRNO", excludes: { caps: ["CAP_FOWNER"] } },
      ],
    };
    expect(build(docker, ["CAP_FOWNER"])).toEqual({
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
      syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }],
    });
    const plain = { defaultAction: "SCMP_ACT_LOG", architectures: ["SCMP_ARCH_X86_64"] };
    expect(build(plain)).toMatchObject({ architectures: ["SCMP_ARCH_X86_64"], syscalls: [] });
  });

  test("that is none is refused", () => {
    expect(() => build({})).toThrow("Decoding seccomp profile failed: defaultAction is missing");
    expect(() => build({ defaultAction: "x", syscalls: [{}] })).toThrow("a rule needs names and an action");
  });
});

test("unconfined has no filter", () => {
  expect(buildSeccomp({ profile: "unconfined", capabilities: [], architecture: "amd64" })).toBeUndefined();
});

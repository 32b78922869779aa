import { describe, expect, test } from "bun:test";
import { resolveUser } from "./user.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\n# comment\nweb:x:1000:100:Web:/home/web:/bin/sh\n";
const group = "root:x:0:\nusers:x:100:web\nwheel:x:27:root,web\nempty:x:5:\n";
const resolve = (text: string) => resolveUser(text, passwd, group);

describe("a user", () => {
  test("is root when nothing is said", () => {
    expect(resolve("")).toEqual({ uid: 0, gid: 0, additionalGids: [0, 27], home: "/root" });
  });

  test("comes by name or number with its groups", () => {
    const web = { uid: 1000, gid: 100, additionalGids: [100, 27], home: "/home/web" };
    expect(resolve("web")).toEqual(web);
    expect(resolve("1000")).toEqual(web);
  });

  test("with a group has that one alone", () => {
    expect(resolve("web:wheel")).toEqual({ uid: 1000, gid: 27, additionalGids: [27], home: "/home/web" });
    expect(resolve("web:5")).toMatchObject({ gid: 5, additionalGids: [5] });
    expect(resolve(":27")).toMatchObject({ uid: 0, gid: 27 });
  });

  test("needs no entry when it is a number", () => {
    expect(resolveUser("4242:4343", "", "")).toEqual({
      uid: 4242,
      gid: 4343,
      additionalGids: [4343],
      home: "",
    });
  });

  test("never comes from an entry without sound numbers", () => {
    const broken = "root:x:zz:yy:::\nbare:x::::\nhex:x:0x10:1e3:::\nlow:x:-1:-1:::\nhigh:x:4294967296:0:::\n";
    const groups = "odd:x:zz:root,web\nlow:x:-5:web\nhigh:x:1e30:web\n";
    expect(resolveUser("", broken, groups)).toMatchObject({ uid: 0, gid: 0, additionalGids: [0] });
    expect(resolveUser("web", passwd, groups)).toMatchObject({ uid: 1000, additionalGids: [100] });
    for (const name of ["bare", "hex", "low", "high"]) {
      expect(() => resolveUser(name, broken, "")).toThrow(`unable to find user ${name}`);
    }
  });

  test("that nobody knows is refused in Docker's words", () => {
    expect(() => resolve("nope")).toThrow("unable to find user nope: no matching entries in passwd file");
    expect(() => resolve("web:nope")).toThrow("unable to find group nope: no matching entries in group file");
    expect(() => resolve("4294967295")).toThrow("uids and gids must be in range 0-2147483647");
  });
});

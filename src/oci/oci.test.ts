import { describe, expect, test } from "bun:test";
import { parseDigest } from "../base/index.ts";
import {
  chainID,
  chainIDs,
  choosePlatform,
  type Descriptor,
  formatPlatform,
  matchPlatform,
  mediaTypes,
  parseImageConfig,
  parseIndex,
  parseManifest,
  parseManifestOrIndex,
  parsePlatform,
} from "./index.ts";

const digest = (c: string) => parseDigest(`sha256:${c.repeat(64)}`);

describe("chainID", () => {
  test("is the diffID at the bottom and the digest of parent and diffID above", () => {
    const [a, b] = [digest("a"), digest("b")];
    expect(chainIDs([])).toEqual([]);
    const [first, second] = chainIDs([a, b]);
    expect(first).toBe(a);
    const hash = new Bun.CryptoHasher("sha256").update(`${a} ${b}`).digest("hex");
    expect(second).toBe(parseDigest(`sha256:${hash}`));
    expect(chainID(a, b)).toBe(parseDigest(`sha256:${hash}`));
  });
});

describe("platforms", () => {
  test("have one spelling each", () => {
    const spell = (input: string) => formatPlatform(parsePlatform(input));
    expect(spell("Linux/x86_64")).toBe("linux/amd64");
    expect(spell("linux/arm64/v8")).toBe("linux/arm64");
    expect(spell("linux/arm")).toBe("linux/arm/v7");
    expect(spell("linux/arm/6")).toBe("linux/arm/v6");
    expect(spell("arm64")).toBe("linux/arm64");
    expect(spell("armel")).toBe("linux/arm/v6");
    for (const bad of ["", "linux/", "a/b/c/d", "linux/arm 64"])
      expect(() => parsePlatform(bad)).toThrow("invalid");
  });

  test("the same one or the nearest older variant is chosen", () => {
    const of = (platform: string, c: string): Descriptor => ({
      mediaType: mediaTypes.ociManifest,
      digest: digest(c),
      size: 1,
      platform: parsePlatform(platform),
    });
    const index = [
      of("linux/arm/v6", "1"),
      of("linux/arm/v7", "2"),
      of("linux/amd64", "3"),
      of("linux/386", "4"),
    ];
    const chosen = (wanted: string) => choosePlatform(index, parsePlatform(wanted))?.digest;
    expect(chosen("linux/arm64")).toBe(digest("2"));
    expect(chosen("linux/arm/v6")).toBe(digest("1"));
    expect(chosen("linux/amd64")).toBe(digest("3"));
    expect(chosen("linux/amd64/v3")).toBe(digest("3"));
    expect(chosen("linux/riscv64")).toBeUndefined();
    expect(matchPlatform(parsePlatform("linux/amd64"), parsePlatform("linux/386"))).toBe(true);
    expect(matchPlatform(parsePlatform("linux/386"), parsePlatform("linux/amd64"))).toBe(false);
  });
});

describe("documents", () => {
  const descriptor = { mediaType: "x", digest: digest("a"), size: 3 };

  test("a manifest without mediaType is an OCI one", () => {
    const manifest = parseManifest(JSON.stringify({ schemaVersion: 2, config: descriptor, layers: null }));
    expect(manifest.mediaType).toBe(mediaTypes.ociManifest);
    expect(manifest.layers).toEqual([]);
  });

  test("what is wrong is named with its place", () => {
    const bad = {
      schemaVersion: 2,
      config: descriptor,
      layers: [descriptor, { ...descriptor, digest: "sha256:1" }],
    };
    expect(() => parseManifest(JSON.stringify(bad), "manifest of x")).toThrow(
      "Cannot parse manifest of x.layers[1].digest: value is not a sha256 digest",
    );
    expect(() => parseManifest("{", "m")).toThrow("Cannot parse m: ");
    expect(() => parseManifest("[]")).toThrow("value is not an object");
    expect(() => parseManifest(JSON.stringify({ schemaVersion: 1 }))).toThrow("only schema version 2");
    expect(() => parseManifest(JSON.stringify({ schemaVersion: 2 }))).toThrow(
      "manifest.config: value is not there",
    );
    expect(() => parseManifest(Uint8Array.of(0xff))).toThrow("Cannot parse manifest");
  });

  test("a document that is index and manifest at once is refused", () => {
    const both = { schemaVersion: 2, config: descriptor, layers: [], manifests: [] };
    expect(() => parseManifestOrIndex(JSON.stringify(both))).toThrow("both");
    const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor] });
    expect(parseIndex(index).manifests).toEqual([descriptor]);
    expect(() => parseManifest(index)).toThrow("it is an index");
  });

  test("Docker's nulls in a config count as absent and unknown fields fall away", () => {
    const config = parseImageConfig(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        container_config: { Cmd: 1 },
        config: { Cmd: ["sh"], Entrypoint: null, Volumes: { "/x": {} }, Healthcheck: { Interval: 5 } },
        rootfs: { type: "layers", diff_ids: [digest("b")] },
        history: [{ created_by: "x", empty_layer: true }],
      }),
    );
    expect(config).toEqual({
      architecture: "amd64",
      os: "linux",
      config: { Cmd: ["sh"], Volumes: { "/x": {} }, Healthcheck: { Interval: 5 } },
      rootfs: { type: "layers", diff_ids: [digest("b")] },
      history: [{ created_by: "x", empty_layer: true }],
    });
  });
});

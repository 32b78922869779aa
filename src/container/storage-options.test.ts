import { describe, expect, test } from "bun:test";
import { checkStorageOptions, layerOptions } from "./storage-options.ts";

const check = (options: Record<string, string> | null, canLimit: boolean) => () =>
  checkStorageOptions({ StorageOpt: options }, { canLimit });

describe("storage options", () => {
  test("are refused in Docker's words where the file system keeps no limits, whatever they are", () => {
    const words = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";
    for (const options of [{ size: "1g" }, { size: "0" }, { odd: "1" }])
      expect(check(options, false)).toThrow(words);
    for (const none of [null, {}]) expect(check(none, false)).not.toThrow();
  });

  test("are refused where they are unknown or no size", () => {
    expect(check({ size: "1g", Inodes: "3" }, true)).toThrow("Unknown option inodes");
    for (const size of ["much", "-1", ""]) expect(check({ size }, true)).toThrow(`invalid size: '${size}'`);
    for (const size of ["10G", "512k", "0"]) expect(check({ size }, true)).not.toThrow();
  });

  test("limit the writable layer; none and a size of 0 do not", () => {
    expect(layerOptions({ StorageOpt: { SIZE: "10G" } })).toEqual({ limit: 10 * 1024 ** 3 });
    expect(layerOptions({ StorageOpt: { size: "99999999p" } })).toEqual({ limit: Number.MAX_SAFE_INTEGER });
    for (const StorageOpt of [null, {}, { size: "0" }]) expect(layerOptions({ StorageOpt })).toEqual({});
  });
});

import { describe, expect, test } from "bun:test";
import { addAddress, setDefaultRoute } from "./address.ts";
import { parseAnswers, throwFailures } from "./answer.ts";
import { createBridge, setBridgePort } from "./link.ts";
import { attribute, encode, nest, type Request, text } from "./message.ts";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const request: Request = { call: "try", subject: "it", type: 16, flags: 0, body: new Uint8Array(0) };

/** A message of the kernel's that says `error` to request number `sequence`, with words. */
function refusal(sequence: number, error: number, words: string): Uint8Array {
  const detail = attribute(1, text(words));
  const bytes = new Uint8Array(16 + 4 + 16 + detail.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 0x300, true);
  view.setUint32(8, sequence, true);
  view.setInt32(16, error, true);
  bytes.set(detail, 36);
  return bytes;
}

describe("messages", () => {
  test("are framed one after the other, aligned and numbered", () => {
    const bytes = encode([
      { ...request, body: new Uint8Array([1, 2, 3]) },
      { ...request, type: 18, flags: 0x300 },
    ]);
    expect(hex(bytes)).toBe(
      // length 19, type 16, request+ack, sequence 1, padding; length 16, type 18, request+dump, sequence 2.
      "13000000100005000100000000000000" + "01020300" + "10000000120001030200000000000000",
    );
  });

  test("hold attributes with length, type and padding", () => {
    expect(hex(attribute(3, text("lo")))).toBe("070003006c6f0000");
    expect(hex(nest(18, attribute(1, text("veth"))))).toBe("10001280" + "0900010076657468" + "00000000");
  });

  test("say what ip(8) says for the same things", () => {
    expect(hex(addAddress({ index: 7, address: 0x0a000001, prefixLength: 24 }).body)).toBe(
      "0218000007000000" + "080002000a000001" + "080001000a000001" + "080004000a0000ff",
    );
    expect(hex(setDefaultRoute({ index: 2, gateway: 0x0a000001 }).body)).toBe(
      "02000000fe03000100000000" + "080005000a000001" + "0800040002000000",
    );
    expect(hex(setBridgePort({ index: 5 }, { hairpin: true }).body)).toBe(
      `${"00000000050000000000000000000000"}1c001280${"0b00040062726964676500"}00${"0c000580"}${"0500040001000000"}`,
    );
    expect(createBridge({ name: "b0", macAddress: "02:00:00:00:00:01", mtu: 1500 })).toMatchObject({
      type: 16,
      flags: 0x600,
    });
  });
});

describe("answers", () => {
  test("that refuse become errors with the kernel's words", () => {
    const answers = parseAnswers(refusal(2, -17, "file is there"));
    expect(() => throwFailures(answers, [request, { ...request, subject: "second" }])).toThrow(
      "Cannot try second: EEXIST (file is there)",
    );
    expect(() => throwFailures(answers, [request, { ...request, tolerates: ["EEXIST"] }])).not.toThrow();
  });

  test("that are cut short or no messages are ignored", () => {
    expect(parseAnswers(refusal(1, -1, "x").subarray(0, 30))).toEqual([]);
    expect(parseAnswers(new Uint8Array(64))).toEqual([]);
  });
});

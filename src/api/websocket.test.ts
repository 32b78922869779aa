import { expect, test } from "bun:test";
import { FrameReader } from "./websocket.ts";

const mask = [1, 2, 3, 4];

/** A client's frame. */
function masked(first: number, payload: Uint8Array): Buffer {
  const length =
    payload.length < 126
      ? [0x80 | payload.length]
      : payload.length < 65_536
        ? [0xfe, payload.length >> 8, payload.length & 255]
        : [0xff, 0, 0, 0, 0, 0, payload.length >> 16, (payload.length >> 8) & 255, payload.length & 255];
  const bytes = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, ...length, ...mask]), bytes]);
}

/** What a reader makes of bytes that come `step` at a time: kinds, and payloads joined. */
function read(bytes: Uint8Array, step: number): { kinds: string[]; text: string } {
  const reader = new FrameReader();
  const kinds: string[] = [];
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    for (const event of reader.push(bytes.subarray(at, at + step))) {
      if (kinds.at(-1) !== event.kind) kinds.push(event.kind);
      if (event.kind === "data") parts.push(event.bytes);
    }
  }
  return { kinds, text: Buffer.concat(parts).toString() };
}

test("messages of every length come out as they were, however they are cut", () => {
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 100_000]) {
    const payload = Buffer.from("abcdefg".repeat(Math.ceil(size / 7)).slice(0, size));
    const frames = Buffer.concat([
      masked(0x82, payload),
      masked(0x89, Buffer.from("hi")),
      masked(0x88, Buffer.alloc(0)),
    ]);
    for (const step of [1, 7, 4096, frames.length]) {
      const { kinds, text } = read(frames, step);
      expect(text === payload.toString()).toBe(true);
      expect(kinds).toEqual(size === 0 ? ["ping", "close"] : ["data", "ping", "close"]);
    }
  }
});

test("a message in fragments is one stream of bytes", () => {
  const frames = [
    masked(0x01, Buffer.from("one ")),
    masked(0x00, Buffer.from("two ")),
    masked(0x80, Buffer.from("three")),
  ];
  expect(read(Buffer.concat(frames), 5).text).toBe("one two three");
});

test("what the protocol forbids ends the conversation", () => {
  const unmasked = Buffer.from([0x82, 1, 65, 0, 0, 0, 0]);
  const reserved = masked(0xc2, Buffer.from("x"));
  const unknown = masked(0x83, Buffer.from("x"));
  const longPing = masked(0x89, Buffer.alloc(126));
  const halfPing = masked(0x09, Buffer.from("x"));
  for (const bad of [unmasked, reserved, unknown, longPing, halfPing]) {
    expect(read(Buffer.concat([bad, masked(0x82, Buffer.from("after"))]), 1000)).toEqual({
      kinds: ["broken"],
      text: "",
    });
  }
});

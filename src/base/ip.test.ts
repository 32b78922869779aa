import { expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { ipVersion } from "./ip.ts";

const samples = [
  "1.2.3.4",
  "01.2.3.4",
  "1.2.3",
  "256.1.1.1",
  "::",
  "::1",
  "1::",
  "fe80::1%eth0",
  "1:2:3:4:5:6:7:8",
];
const odd = [
  "1:2:3:4:5:6:7::",
  "1:2:3:4:5:6:7:8::",
  "::ffff:1.2.3.4",
  "1.2.3.4::",
  ":1",
  "1:",
  "",
  "1::2::3",
  "g::",
];

test("addresses are told from other text as the runtime tells them", () => {
  for (const text of [...samples, ...odd])
    expect([text, ipVersion(text)]).toEqual([text, isIP(text) as 0 | 4 | 6]);
  const piece = fc.constantFrom("0", "1", "ff", "abcd", "12345", ":", "::", ".", "1.2.3.4", "255", "256");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      expect([text, ipVersion(text)]).toEqual([text, isIP(text) as 0 | 4 | 6]);
    }),
  );
  fc.assert(fc.property(fc.ipV6(), (text) => ipVersion(text) === 6));
});

import { describe, expect, it } from "vitest";
import { crc32c } from "./crc32c.ts";

describe("crc32c", () => {
  // RFC 3720, appendix B.4, and two payloads whose sums Google's own clients sent.
  it.each([
    ["", 0],
    ["123456789", 0xe3069283],
    ["hunter2", 1_736_498_283],
  ])("of %j is %i", (text, sum) => {
    expect(crc32c(new TextEncoder().encode(text))).toBe(sum);
  });

  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  ])("of 32 bytes", (bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });
});

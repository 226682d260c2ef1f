/** The header before each piece of a container's output: the stream's number, three zeros, the length as 32 bits. */
const HEADER_BYTES = 8;

/** The output's bytes, both streams in the order in which they came. Headers and pieces may be cut anywhere. */
export async function* outputOf(frames: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  let header = Buffer.alloc(0);
  let left = 0;
  for await (const piece of frames) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    while (rest.length > 0) {
      if (left > 0) {
        const content = rest.subarray(0, left);
        yield content;
        left -= content.length;
        rest = rest.subarray(content.length);
        continue;
      }
      const missing = HEADER_BYTES - header.length;
      header = Buffer.concat([header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (header.length < HEADER_BYTES) break;
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}

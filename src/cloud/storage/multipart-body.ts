import { open } from "node:fs/promises";

/** Where the parts of an upload stand in the file that took its body. */
export interface MultipartUpload {
  /** The first part: what is said of the object. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** First byte of the content, and the one after its last. */
  readonly from: number;
  readonly until: number;
}

/** Both parts' headers and the metadata stand within this. */
const HEAD_BYTES = 64 * 1024;
/** The closing delimiter and what may follow it. */
const TAIL_BYTES = 1024;

/** The boundary of a content type; gcloud puts it in single quotes, others in double ones or none. */
export function boundaryOf(contentType: string): string | undefined {
  return /;\s*boundary=(?:'([^']+)'|"([^"]+)"|([^;\s]+))/i.exec(contentType)?.slice(1).find(Boolean);
}

/**
 * Finds the two parts of a `multipart/related` upload. Lines may end in a bare line feed, as gcloud's do, although the
 * standard asks for more. Undefined where the body has another form.
 */
export async function readMultipart(path: string, boundary: string): Promise<MultipartUpload | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (position: number, length: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead).toString("latin1"); // one character for each byte
    };
    const head = await read(0, Math.min(size, HEAD_BYTES));
    const tailFrom = Math.max(0, size - TAIL_BYTES);
    const tail = await read(tailFrom, size - tailFrom);
    const first = afterHeaders(head, head.indexOf(`--${boundary}`));
    const second = first === undefined ? -1 : head.indexOf(`\n--${boundary}`, first);
    const from = second < 0 ? undefined : afterHeaders(head, second);
    const end = tail.lastIndexOf(`--${boundary}--`);
    if (first === undefined || from === undefined || end < 0) return undefined;
    const metadata = parseObject(Buffer.from(head.slice(first, second), "latin1").toString("utf8"));
    const lineEnd = tail.slice(end - 2, end) === "\r\n" ? 2 : 1;
    const until = tailFrom + end - lineEnd;
    return metadata === undefined || until < from ? undefined : { metadata, from, until };
  } finally {
    await file.close();
  }
}

/** Position after the empty line that ends a part's headers. */
function afterHeaders(text: string, from: number): number | undefined {
  if (from < 0) return undefined;
  const empty = /\r?\n\r?\n/g;
  empty.lastIndex = from;
  const found = empty.exec(text);
  return found === null ? undefined : found.index + found[0].length;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

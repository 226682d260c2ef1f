/** What a process prints on its way into its file: secrets hidden, and no more than its quota. */
import { createStreamMasker } from "../../core/build/mask-stream.ts";
import { openOutputFile } from "./output-file.ts";

/** What is kept of one process's output where nothing else is said: 1 GiB. */
export const DEFAULT_QUOTA_BYTES = 1024 ** 3;

export interface OutputRelay {
  /** Stores a chunk. Blocks while the disk takes it, so that a process cannot print faster than that. */
  take(chunk: Uint8Array): void;
  /** Stores the rest, and a line that says what was cut off. */
  end(): void;
}

export interface OutputRelayOptions {
  readonly path: string;
  /** Secrets as byte strings. */
  readonly mask: readonly string[];
  /** Bytes of output, as the process printed it, that are kept. */
  readonly quotaBytes: number;
}

/** Opens a process's file. Throws where it cannot be opened. */
export function openOutputRelay({ path, mask, quotaBytes }: OutputRelayOptions): OutputRelay {
  const file = openOutputFile(path);
  const masker = createStreamMasker(mask);
  let taken = 0;
  let cut = 0;
  return {
    take(chunk) {
      const kept = chunk.subarray(0, quotaBytes - taken);
      taken += kept.length;
      if (kept.length > 0) file.append(masker.push(kept));
      const excess = chunk.length - kept.length;
      // What is kept back here may be most of a secret.
      if (excess > 0) cut += excess + masker.drop();
    },
    end() {
      file.append(masker.flush());
      if (cut > 0) file.line(`[${cut} bytes of output were cut off: ${quotaBytes} bytes of a step's output are kept]`);
      file.close();
    },
  };
}

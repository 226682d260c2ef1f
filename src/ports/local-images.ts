import type { Result } from "../core/values/result.ts";

/** Images of the Docker Engine that all steps of builds share: what one step builds is there for the next. */
export interface LocalImages {
  has(reference: string): Promise<boolean>;
  /**
   * Pushes an image to the registry that its name means here. Gives the digest (`sha256:…`) under which the registry has
   * it, or why it could not be pushed. `onLine` gets what the engine says meanwhile.
   */
  push(
    reference: string,
    options: { readonly onLine: (text: string) => void; readonly signal: AbortSignal },
  ): Promise<Result<string, string>>;
}

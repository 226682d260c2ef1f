import type { Digest } from "../core/values/digest.ts";
import type { CommitId } from "../core/values/ids.ts";
import type { NonEmpty, Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";

/**
 * What a phase leaves to the step that asked for it: work in the build's own workspace. The order is the `result` of
 * the phase's answer; the report goes back to the server as phase `report`.
 */
export type StepWorkOrder =
  | { readonly kind: "none" }
  | {
      readonly kind: "checkout";
      readonly repositories: readonly { readonly url: string; readonly commit: CommitId; readonly path: string }[];
    }
  | {
      readonly kind: "build-image";
      /** The platform's image entry. */
      readonly image: string;
      /** Folder of the module in the workspace, `.` for the umbrella. */
      readonly modulePath: string;
      readonly include: NonEmpty<string>;
      /** Folders of the workspace whose every file goes into the image under the same path. */
      readonly inputPaths: readonly string[];
      readonly command: NonEmpty<string>;
      readonly labels: Readonly<Record<string, string>>;
      readonly repository: string;
      readonly tags: NonEmpty<string>;
      readonly registryUrl: string;
    }
  | {
      /** Run the module's own script, which the step names, with access to its environment. */
      readonly kind: "run-script";
      readonly module: string;
      readonly project: string;
      readonly region: string;
      readonly token: string;
    }
  | { readonly kind: "image-present"; readonly image: string; readonly reference: string };

export type StepWorkReport =
  | { readonly kind: "none" }
  | { readonly kind: "image-built"; readonly image: string; readonly digest: Digest; readonly reference: string }
  | { readonly kind: "failed"; readonly phase: string; readonly subject?: string; readonly problem: Problem };

/** Does the work in the current folder; every try may repeat it. */
export interface StepWork {
  perform(order: StepWorkOrder, onLine: (text: string) => void): Promise<Result<StepWorkReport, Problem>>;
}

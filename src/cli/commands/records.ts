import { changelogText } from "../../core/records/changelog-text.ts";
import { recordFiles } from "../../core/records/release-record.ts";
import { whereLines } from "../../core/records/where.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Where something is; exit 1 where an environment that was asked about lacks it. */
export async function where(
  context: CommandContext,
  subject: string,
  environments: readonly string[],
): Promise<number> {
  const answer = await context.server.where(subject, environments);
  if (!answer.ok) return report(context, answer.error);
  const { value } = answer;
  context.out(context.json ? JSON.stringify(value, undefined, 2) : whereLines(value).join("\n"));
  return value.everywhere ? EXIT.success : EXIT.failed;
}

/** What differs between two released sets. */
export async function changelog(
  context: CommandContext,
  request: {
    readonly from: string;
    readonly to: string;
    readonly limit: string;
    readonly format: "terminal" | "markdown";
  },
): Promise<number> {
  const { format, ...query } = request;
  const answer = await context.server.changelog(query);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : changelogText(answer.value, format));
  return EXIT.success;
}

/** Makes the umbrella's records again from the event log, around what people wrote in them. */
export async function exportRecords(
  context: CommandContext,
  request: { readonly environment?: string; readonly purpose: "write" | "check" },
): Promise<number> {
  const { environment, purpose } = request;
  const texts = new Map<string, string | undefined>();
  const before = new Map<string, string | undefined>();
  let releases = 0;
  for (let after = 0; ; ) {
    const query = { after: String(after), ...(environment === undefined ? {} : { environment }) };
    const page = await context.server.records(query);
    if (!page.ok) return report(context, page.error);
    for (const file of page.value.records.flatMap(recordFiles)) {
      if (!before.has(file.path)) before.set(file.path, await context.files.read(file.path));
      const text = texts.has(file.path) ? texts.get(file.path) : before.get(file.path);
      texts.set(file.path, file.change(text));
    }
    releases += page.value.records.length;
    const { next } = page.value;
    if (next === undefined || next <= after) break;
    after = next;
  }
  const differing = [...texts].filter(([path, text]) => text !== before.get(path));
  if (purpose === "write") {
    for (const [path, text] of differing) await context.files.write(path, text ?? "");
  }
  const changed = differing.map(([path]) => path).sort();
  context.out(
    context.json
      ? JSON.stringify({ apiVersion: "mobius/v1", releases, files: texts.size, changed }, undefined, 2)
      : summary({ releases, files: texts.size, changed, purpose }),
  );
  return purpose === "check" && changed.length > 0 ? EXIT.failed : EXIT.success;
}

function summary(made: {
  readonly releases: number;
  readonly files: number;
  readonly changed: readonly string[];
  readonly purpose: "write" | "check";
}): string {
  const { releases, files, changed, purpose } = made;
  const all = `${releases} ${releases === 1 ? "release" : "releases"} in ${files} ${files === 1 ? "file" : "files"}`;
  if (changed.length === 0) return `${all}: all as the event log has it`;
  const verb = purpose === "check" ? "differs" : "written";
  return [`${all}`, ...changed.map((path) => `  ${verb}  ${path}`)].join("\n");
}

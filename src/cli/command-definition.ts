import type { Command } from "commander";
import type { CommandContext } from "./command-context.ts";

/** Options that every command takes. */
export interface CommonOptions {
  readonly dir?: string;
  readonly server?: string;
  readonly as?: string;
  readonly json?: boolean;
}

/** One command: what it is called, how it is used, and what runs. */
export interface CommandDefinition {
  /** With its arguments, as the parser writes them: `plan <manifest>`. */
  readonly name: string;
  readonly group?: { readonly name: string; readonly description: string };
  readonly description: string;
  readonly examples: readonly string[];
  readonly options?: (command: Command) => unknown;
  /**
   * An umbrella (default), the nearest one or else the folder that the person is in, a folder that may be missing (the
   * demo's), or whatever folder the person is in.
   */
  readonly needs?: "umbrella" | "nearest" | "folder" | "anywhere";
  readonly run: (context: CommandContext, args: readonly string[], options: Record<string, unknown>) => Promise<number>;
}

/** `--env` as an option of a command's code. */
export function environmentOf(given: Record<string, unknown>): { environment: string } | object {
  return given.env === undefined ? {} : { environment: String(given.env) };
}

/** For options that may be given more than once. */
export function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

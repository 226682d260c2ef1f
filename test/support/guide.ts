import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

const GUIDES = resolve(import.meta.dirname, "..", "..", "docs", "guides");

/** A reader who works through a guide in a terminal: folder and variables are those that the block before left. */
export class Reader {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #left: string[];

  private constructor(folder: string, env: NodeJS.ProcessEnv, blocks: readonly string[]) {
    this.#folder = folder;
    this.#env = { ...env, PWD: folder };
    this.#left = [...blocks];
  }

  /** Opens a guide by its file's name, in the folder given. */
  static async open(guide: string, folder: string, env: NodeJS.ProcessEnv): Promise<Reader> {
    const page = await readFile(join(GUIDES, guide), "utf8");
    return new Reader(
      folder,
      env,
      [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block),
    );
  }

  /** The blocks of commands that were neither run nor skipped. */
  get left(): readonly string[] {
    return this.#left;
  }

  /** Passes over the next block; gives it. */
  skip(): string {
    const block = this.#left.shift();
    if (block === undefined) throw new Error("the guide has no further block");
    return block;
  }

  /** Runs the next block; gives what it printed. Throws with all of it where a line ends otherwise than the guide says. */
  async run(): Promise<string> {
    const block = this.skip();
    const file = join(this.#folder, ".block");
    await writeFile(file, script(block, join(this.#folder, ".left-by-blocks")));
    const child = spawn("bash", [file], { cwd: this.#folder, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number | null>((done, failed) => child.on("error", failed).on("close", done));
    const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    if (code !== 0) throw new Error(`The guide's block ended with ${code}:\n${block}\n${out}\n${err}`);
    return out;
  }
}

/** Every line has to end with 0, or with what a comment says: `# exits 6`. */
function script(block: string, kept: string): string {
  const lines = block.replace(
    /^(.+?) +# exits (\d+)$/gm,
    (_, command: string, code: string) => `code=0; ${command} || code=$?; [ "$code" = ${code} ]`,
  );
  const before = `set -aeuo pipefail\n[ ! -e ${kept} ] || { . ${kept}; cd "$PWD"; }\n`;
  return `${before}${lines}\nexport -p > ${kept}\n`;
}

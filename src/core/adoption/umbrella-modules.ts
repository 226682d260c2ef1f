/** A module that the umbrella's `.gitmodules` names. */
export interface UmbrellaModule {
  readonly name: string;
  readonly path: string;
  readonly url: string;
}

const MAX_SECTIONS = 1_000;

/** Reads `.gitmodules`. A module is called as its folder is; one without a path or an address is left out. */
export function parseGitmodules(text: string): readonly UmbrellaModule[] {
  return text
    .split(/^\s*\[submodule\s+"[^"]*"\]\s*$/m)
    .slice(1, MAX_SECTIONS)
    .flatMap((section): UmbrellaModule[] => {
      const path = settingOf(section, "path")?.replace(/\/+$/, "");
      const url = settingOf(section, "url");
      if (path === undefined || url === undefined || !isRelative(path)) return [];
      return [{ name: nameOf(path), path, url }];
    });
}

/** A folder of the umbrella, as the platform file takes one. */
function isRelative(path: string): boolean {
  return path !== "" && !/(^|\/)\.\.(\/|$)|^[/~-]|\\|\p{Cc}/u.test(path);
}

function settingOf(section: string, key: string): string | undefined {
  const raw = new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, "m").exec(section)?.[1];
  const value = raw?.replace(/^"(.*)"$/, "$1");
  return value === "" ? undefined : value;
}

/** A name that a catalogue can have, made of a path or another name. */
export function nameOf(path: string): string {
  const last =
    path
      .split("/")
      .filter((part) => part !== "")
      .at(-1) ?? "";
  const name = last.replace(/[^\w.-]+/g, "-").replace(/^[^a-zA-Z]+/, "");
  return name === "" ? "module" : name;
}

/** The module that something is most likely of: by its whole name, or the longest that its name begins with. */
export function moduleFor(names: readonly string[], modules: readonly string[]): string | undefined {
  const same = modules.find((module) => names.some((name) => name.toLowerCase() === module.toLowerCase()));
  if (same !== undefined) return same;
  return modules
    .filter((module) => names.some((name) => name.toLowerCase().startsWith(`${module.toLowerCase()}-`)))
    .sort((a, b) => b.length - a.length)[0];
}

import type { Service } from "../platform/platform.ts";
import { looksLikeCredential } from "../values/looks-like-credential.ts";
import type { Placed } from "./assign-environments.ts";
import type { FoundValue } from "./found.ts";
import type { ImportFindings } from "./import-findings.ts";
import type { AddressBook } from "./wire-addresses.ts";

/** Why something that the platform file has already is left. */
export const DECLARED_OTHERWISE = "mobius.yaml says otherwise, and what stands there stays";

/** What a variable becomes in the platform file. */
export type MergedVariable =
  | { readonly in: "env"; readonly expression: string }
  | { readonly in: "secrets"; readonly reference: string };

interface ValueOf {
  readonly environment: string;
  readonly source: string;
  readonly value: FoundValue;
}

export interface VariableMergerOptions {
  readonly service: string;
  readonly existing: Service | undefined;
  readonly inputs: readonly Placed[];
  readonly findings: ImportFindings;
  readonly book: AddressBook;
}

/** One service's variables of all its environments as the one declaration that the platform file has for them. */
export class VariableMerger {
  readonly #service: string;
  /** As the platform file has it already. */
  readonly #existing: Service | undefined;
  readonly #inputs: readonly Placed[];
  readonly #findings: ImportFindings;
  readonly #book: AddressBook;

  constructor({ service, existing, inputs, findings, book }: VariableMergerOptions) {
    this.#service = service;
    this.#existing = existing;
    this.#inputs = inputs;
    this.#findings = findings;
    this.#book = book;
  }

  merge(): ReadonlyMap<string, MergedVariable> {
    const names = new Set(this.#inputs.flatMap(({ found }) => Object.keys(found.env)));
    const environments = new Set(this.#inputs.map(({ environment }) => environment));
    const merged = new Map<string, MergedVariable>();
    for (const name of names) {
      const values = this.#valuesOf(name);
      if (values.length < environments.size) {
        const where = values.map(({ environment }) => environment).join(", ");
        this.#findings.note(`${this.#service} ${name}`, `only ${where} had it; from now on every environment gets it`);
      }
      const one = this.#mergeOne(name, values);
      if (one !== undefined) merged.set(name, one);
    }
    return merged;
  }

  /** One value per environment: what runs comes before what a file of variables says. */
  #valuesOf(name: string): readonly ValueOf[] {
    const byEnvironment = new Map<string, ValueOf>();
    for (const { found, environment } of this.#inputs) {
      const value = found.env[name];
      if (value === undefined) continue;
      const earlier = byEnvironment.get(environment);
      if (earlier === undefined) byEnvironment.set(environment, { environment, source: found.source, value });
      else if (JSON.stringify(earlier.value) !== JSON.stringify(value)) {
        this.#leave(
          name,
          found.source,
          value,
          `${earlier.source} says otherwise for ${environment}, and that was taken`,
        );
      }
    }
    return [...byEnvironment.values()];
  }

  /** Undefined where the platform file says it in a way of its own, which stays; the values are then left. */
  #mergeOne(name: string, values: readonly ValueOf[]): MergedVariable | undefined {
    const secret = values.find(({ value }) => value.kind === "secret");
    if (secret?.value.kind === "secret") return this.#reference(name, secret.value, values);
    const texts = values.flatMap(({ environment, source, value }) =>
      value.kind === "text" ? [{ environment, source, text: value.value }] : [],
    );
    const byEnvironment = Object.fromEntries(texts.map(({ environment, text }) => [environment, text]));
    if (texts.some(({ text }) => looksLikeCredential(name, text))) {
      if (this.#existing?.env[name] !== undefined) return this.#keep(name, values);
      const known = this.#existing?.secrets[name];
      const named = { service: this.#service, variable: name, declared: known?.secret };
      const planned = this.#findings.secretFor(named, byEnvironment);
      if (texts.some(({ text }) => /^postgres(ql)?:/.test(text))) {
        this.#findings.note(
          `${this.#service} ${name}`,
          `a database's address can be put together instead: declare the database in each environment and write \${databases.<name>.url}`,
        );
      }
      return { in: "secrets", reference: `${planned}:${known?.version ?? "latest"}` };
    }
    const wired = texts.map(({ environment, text }) => this.#book.wire(text, environment));
    for (const note of wired.flatMap(({ notes }) => notes)) this.#findings.note(`${this.#service} ${name}`, note);
    const [first] = wired;
    if (wired.every(({ expression }) => expression === first?.expression)) {
      return { in: "env", expression: first?.expression ?? "" };
    }
    const existing = this.#existing?.env[name];
    const declared = /^\$\{overrides\.([^.}]+)\}$/.exec(existing ?? "")?.[1];
    if (existing !== undefined && declared === undefined) return this.#keep(name, values);
    const named = { service: this.#service, variable: name, declared };
    const override = this.#findings.overrideFor(named, byEnvironment);
    return { in: "env", expression: `\${overrides.${override.name}}` };
  }

  #reference(
    name: string,
    { secret, version }: Extract<FoundValue, { kind: "secret" }>,
    values: readonly ValueOf[],
  ): MergedVariable {
    const reference = `${secret}:${version}`;
    for (const { environment, source, value } of values) {
      if (value.kind === "secret" && `${value.secret}:${value.version}` === reference) continue;
      const fix =
        value.kind === "secret" && value.secret === secret
          ? "a service names one version for every environment"
          : `a service names one secret for every environment: mobius secret set ${secret} --env ${environment}`;
      this.#leave(name, source, value, fix);
    }
    return { in: "secrets", reference };
  }

  #keep(name: string, values: readonly ValueOf[]): undefined {
    for (const { source, value } of values) this.#leave(name, source, value, DECLARED_OTHERWISE);
    return undefined;
  }

  #leave(name: string, source: string, value: FoundValue, because: string): void {
    const said = value.kind === "secret" ? `${value.secret}:${value.version}` : value.value;
    const isShown = value.kind === "secret" || !looksLikeCredential(name, said);
    this.#findings.left.push({
      source,
      path: `env.${name}`,
      because,
      kind: "setting",
      ...(isShown ? { value: said } : {}),
    });
  }
}

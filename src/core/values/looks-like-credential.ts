/** Words at the end of a variable's name behind which a credential stands, whatever it looks like. */
const SECRET_WORDS = new Set(["PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "CREDENTIAL", "CREDENTIALS"]);
/** Words that other things are called by, too: the value has to look like a credential's. */
const KEY_WORDS = new Set(["TOKEN", "KEY", "APIKEY", "PASS", "DSN", "SALT", "PEPPER", "WEBHOOK"]);
/** Words before KEY that leave no doubt. */
const KEY_KINDS = /^(API|PRIVATE|SECRET|ACCESS|INTERNAL|ENCRYPTION|SIGNING|ADMIN|AUTH|LICENSE|SERVICE|MASTER|HMAC)$/;
/** Words that say where or which, not what. */
const QUALIFIERS = /^(CLOUD|LOCAL|STAGING|STG|PROD|PRODUCTION|DEV|TEST|BASE64|B64|OLD|NEW|V?\d+)$/;

/** Values whose shape says what they are: keys, tokens and signed addresses of well-known makers. */
const SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /"private_key"\s*:/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\./,
  /\bAIza[\w-]{30,}/,
  /\bya29\.[\w-]{10,}/,
  /\b(sk|pk|rk)[-_][\w-]{16,}/,
  /\b(gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|dop_v1_|hf_)[\w-]{10,}/,
  /\bA(KIA|SIA)[0-9A-Z]{16}\b/,
  /\bSG\.[\w-]{10,}\./,
  /\bhooks\.slack\.com\/services\/\S+/,
  /\b(Bearer|Basic) [\w+/=.-]{8,}/,
  /(^|[?&;\s,])(\w*[-_.])?(password|passwd|pwd|secret|token|api[-_]?key|sig|signature|sslpassword)=[^&\s;,]+/i,
];
/** `scheme://user:password@host`; the password is what stands between. It may hold any sign; a list is no user. */
const URL_PASSWORD = /[a-z][a-z0-9+.-]*:\/\/[^/\s:@,]*:(?!\/\/)([^\s]*)@/i;
/** What a start script puts the password in the place of: no credential itself. */
const PLACE_HOLDER = /^(__\w+__|\$\{?[\w.-]+\}?|<[^<>]+>|\{\{?[\w .]+\}?\}|\*+)$/;

const SHORTEST_RANDOM = 24;
const LEAST_BITS_PER_CHARACTER = 3.6;

/**
 * Whether a variable's value looks like a credential: by its name, by its shape, by a password in its address, or because it
 * is as random as a key. Errs towards yes: a name taken for a secret costs a command, a secret in git costs the secret.
 */
export function looksLikeCredential(variable: string, value: string): boolean {
  if (value.trim() === "" || PLACE_HOLDER.test(value)) return false;
  return holdsCredential(value) || isCredentialName(variable, value) || isRandom(value);
}

/** Whether a value holds a credential beyond doubt: a password in an address, or a shape that only credentials have. */
export function holdsCredential(value: string): boolean {
  const password = URL_PASSWORD.exec(value)?.[1];
  if (password !== undefined && password !== "" && !PLACE_HOLDER.test(password)) return true;
  return SHAPES.some((shape) => shape.test(value));
}

function isCredentialName(variable: string, value: string): boolean {
  const words = variable.toUpperCase().split(/[^A-Z0-9]+/);
  while (words.length > 1 && QUALIFIERS.test(words.at(-1) ?? "")) words.pop();
  const last = words.at(-1) ?? "";
  if (SECRET_WORDS.has(last)) return !isTruth(value);
  if (last === "KEY" && KEY_KINDS.test(words.at(-2) ?? "")) return !isTruth(value);
  // A key of a queue and the number of tokens that a model may write are no credentials.
  return KEY_WORDS.has(last) && value.length >= 12 && /\d/.test(value) && /^[\w+/=.-]+$/.test(value);
}

function isTruth(value: string): boolean {
  return /^(true|false|yes|no|on|off|0|1)$/i.test(value);
}

/** Letters of both cases and digits without the words, dots and slashes of names and paths. */
function isRandom(value: string): boolean {
  if (!/^[A-Za-z0-9+/_=-]+$/.test(value)) return false;
  // A path's segments are judged one by one: together they are as long and as mixed as a key.
  return value.split("/").some((part) => {
    const isMixed = /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part);
    return part.length >= SHORTEST_RANDOM && isMixed && bitsPerCharacter(part) >= LEAST_BITS_PER_CHARACTER;
  });
}

function bitsPerCharacter(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  return -[...counts.values()].reduce(
    (sum, count) => sum + (count / value.length) * Math.log2(count / value.length),
    0,
  );
}

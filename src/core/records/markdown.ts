/**
 * Values of others in Markdown: manifests, branches, commit subjects and evidence come from many hands, and a reader's
 * page must show them as text. Nothing here can open a table cell, a tag, a link or an image.
 */

/** Control and format characters: line breaks would end a row, and others reorder what a reader sees. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
/** What a plain name or address consists of: such text means nothing else inside a code span. */
const PLAIN = /^[\w.:/@+=,[\]-]+$/;
const WEB_ADDRESS = /^https?:\/\/[\w.~:/?#@!$&'*+,;=%[\]-]+$/;
const MAX_LENGTH = 300;

/** The text as it is, on one line, at most 300 characters. */
export function markdownText(text: string): string {
  const line = cut(text.replace(INVISIBLE, " ").trim());
  return line
    .replace(/[\\`*_[\]<>|~&#!{}()$]/g, "\\$&")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\bwww\./gi, (word) => `${word.slice(0, 3)}\\.`)
    .replace(/^([-+=]|\d+(?=[.)]))/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));
}

/** A name, path, commit or digest as code; anything else as text. */
export function markdownCode(text: string): string {
  return PLAIN.test(text) && text.length <= MAX_LENGTH ? `\`${text}\`` : markdownText(text);
}

/** A link to an http(s) address; any other address is shown as text and leads nowhere. */
export function markdownLink(label: string, url: string): string {
  if (!WEB_ADDRESS.test(url)) return markdownText(url === "" ? label : url);
  const target = url.replace(/[[\]]/g, (bracket) => encodeURIComponent(bracket)).replace(/['*]/g, percentEncoded);
  return `[${markdownCode(label)}](${target})`;
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= MAX_LENGTH ? text : `${characters.slice(0, MAX_LENGTH).join("")}…`;
}

import type { Notice } from "./notice.ts";

/** Longest value that is shown: a summary is a sentence, and Slack cuts what is far longer itself. */
const MAX_VALUE = 500;
/** RFC 5322's limit of a line, less the word `Subject` and what an encoding adds. */
const MAX_SUBJECT = 200;

/** A mail's words. Plain text: nothing in it is markup, whatever a name or a reason looks like. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

/** The body of a call of Slack's incoming webhook. `&`, `<` and `>` are all that Slack reads as markup of its own. */
export function slackBody(notice: Notice): { readonly text: string; readonly unfurl_links: false } {
  const { headline, facts, needed, link } = notice;
  const lines = [
    `*${escaped(oneLine(headline))}*`,
    ...facts.map(([word, value]) => `${word}: ${escaped(oneLine(value))}`),
    ...(needed === undefined ? [] : [`Needed: ${escaped(oneLine(needed))}`]),
    ...(link === undefined ? [] : [`<${escaped(oneLine(link)).replaceAll("|", "%7C")}>`]),
  ];
  return { text: lines.join("\n"), unfurl_links: false };
}

/** The notice as a mail. */
export function mailText(notice: Notice): MailText {
  const { headline, facts, needed, link } = notice;
  const width = Math.max(...facts.map(([word]) => word.length)) + 1;
  const lines = [
    oneLine(headline),
    "",
    ...facts.map(([word, value]) => `${`${word}:`.padEnd(width)} ${oneLine(value)}`),
    ...(needed === undefined ? [] : ["", `Needed: ${oneLine(needed)}`]),
    ...(link === undefined ? [] : ["", oneLine(link)]),
    "",
  ];
  return { subject: `[mobius] ${oneLine(headline)}`.slice(0, MAX_SUBJECT), text: lines.join("\n") };
}

/** A line break in a value would begin a header or a line that nobody wrote. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length <= MAX_VALUE ? line : `${line.slice(0, MAX_VALUE)}…`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

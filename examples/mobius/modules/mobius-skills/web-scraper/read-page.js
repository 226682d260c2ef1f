/** Title and readable text of a page. */
export function readPage(html) {
  const title = /<title[^>]*>([^<]*)/i.exec(html)?.[1]?.trim() ?? "";
  const text = html
    .replaceAll(/<(script|style|title)\b[\s\S]*?<\/\1>/gi, " ")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return { title, text };
}

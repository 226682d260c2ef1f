/** An answer from the passages found. Not a submodule: it lives in the umbrella, and chat's build takes it from there. */
export function compose(question, passages) {
  if (passages.length === 0) return "I found nothing about that.";
  const lead = question === "" ? "In short:" : `You asked: ${question}`;
  return [lead, ...passages].join(" ").slice(0, 2_000);
}

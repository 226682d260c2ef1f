const LINE = /^[ \t]*(?:--|#|\/\/)[ \t]*postcondition:[ \t]*(.+?)[ \t;]*$/gm;

/**
 * What a migration file says has to be true of the database when it has run: comment lines `-- postcondition: SELECT …` (`#`
 * in Python and shell, `//` in JavaScript), each one statement that gives a single true. They are part of the file, so its
 * checksum covers them. In order.
 */
export function postconditionsOf(text: string): readonly string[] {
  return [...text.matchAll(LINE)].flatMap(([, statement]) => statement ?? []);
}

/** JSON as editors write it: with comments, trailing commas and a byte order mark. */

/** Strings first: what looks like a comment inside of one is none. */
const token =
  /"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*[}\]])/g;

/** Throws a `SyntaxError`. */
export function parseJsonc(text: string): unknown {
  const json = text.replace(/^\uFEFF/, '').replace(token, (found) => {
    // Blanks in its place: positions in error messages stay right.
    return found.startsWith('"') ? found : found.replace(/[^\n\r]/g, ' ');
  });
  return JSON.parse(json);
}

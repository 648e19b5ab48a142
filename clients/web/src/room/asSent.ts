/** What a text is when it is sent. Pure. */

/** Line ends of other systems. */
const LINE_ENDS = /\r\n?/g;

/** Control characters, and the overrides of writing direction: the server refuses a text that has them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const REFUSED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/g;

/** A text without what nobody sees and the server refuses, as it comes along when something is pasted. */
export function asSent(text: string): string {
  return text.replace(LINE_ENDS, "\n").replace(REFUSED, "").trim();
}

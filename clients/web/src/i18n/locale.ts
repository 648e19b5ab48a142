/** How dates and lists are written. Pure. */

/** Of the languages that a person prefers, the first that is the page's, with its region; day before month without one. */
export function localeOf(language: "en" | "it", preferred: readonly string[]): string {
  const wanted = preferred.find((each) => each.toLowerCase().split("-")[0] === language);
  return wanted ?? (language === "en" ? "en-GB" : language);
}

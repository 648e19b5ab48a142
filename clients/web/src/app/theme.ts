/** The theme: the system's unless the person chose one. `public/theme.js` applies it. */

const KEY = "caffis.theme";

/** A choice of theme. */
export type Theme = "system" | "light" | "dark";

/** What the person chose. */
export function chosenTheme(): Theme {
  const saved = localStorage.getItem(KEY);
  return saved === "light" || saved === "dark" ? saved : "system";
}

/** Chooses a theme. */
export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  dispatchEvent(new Event("caffis:theme"));
}

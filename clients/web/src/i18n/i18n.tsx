/** The language of the page: English unless the browser or the person prefers Italian. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { type Dictionary, en } from "./en.ts";
import { localeOf } from "./locale.ts";

/** What is loaded: the default at once, and the others when they are wanted. */
const DICTIONARIES: { en: Dictionary; it: Dictionary | null } = { en, it: null };
const KEY = "caffis.language";
const DAY_MS = 86_400_000;

/** A language of the page. */
export type Language = keyof typeof DICTIONARIES;

/** Texts and time formats of one language. */
export interface I18n {
  readonly language: Language;
  setLanguage(language: Language): void;
  readonly t: Dictionary;
  /** `10:42` */
  time(timestamp: number): string;
  /** `Today`, `Yesterday`, `Monday 3 November` */
  day(timestamp: number, now: number): string;
  /** `10:42` today, `Yesterday`, `3 Nov` */
  short(timestamp: number, now: number): string;
  /** `Saturday 5 December, 18:30 – 20:00`, on the reader's clock. */
  when(from: number, to: number | null): string;
  /** `Giulia, Marco and Luca` */
  names(names: readonly string[]): string;
}

const Context = createContext<I18n | null>(null);

/** Loads the dictionaries that are not part of the first load. */
export async function loadLanguages(): Promise<void> {
  DICTIONARIES.it ??= (await import("./it.ts")).it;
}

/** Loads the dictionary of the language that the page opens in. */
export async function loadLanguage(): Promise<void> {
  if (preferred() !== "en") await loadLanguages();
}

function preferred(): Language {
  const saved = localStorage.getItem(KEY);
  if (saved === "en" || saved === "it") return saved;
  return navigator.language.toLowerCase().startsWith("it") ? "it" : "en";
}

/** Days from a time to now, by the local calendar. */
function daysAgo(timestamp: number, now: number): number {
  const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(timestamp)) / DAY_MS);
}

function make(language: Language, setLanguage: (language: Language) => void): I18n {
  const t = DICTIONARIES[language] ?? en;
  const locale = localeOf(language, navigator.languages);
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const time = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const week = format({ weekday: "long" });
  const weekShort = format({ weekday: "short" });
  const long = format({ weekday: "long", day: "numeric", month: "long" });
  const withYear = format({ day: "numeric", month: "long", year: "numeric" });
  const short = format({ day: "numeric", month: "short" });
  const moment = format({
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  return {
    language,
    setLanguage,
    t,
    time: (timestamp) => time.format(timestamp),
    day(timestamp, now) {
      const days = daysAgo(timestamp, now);
      if (days <= 0) return t.today;
      if (days === 1) return t.yesterday;
      if (days < 7) return week.format(timestamp);
      return days < 300 ? long.format(timestamp) : withYear.format(timestamp);
    },
    short(timestamp, now) {
      const days = daysAgo(timestamp, now);
      if (days <= 0) return time.format(timestamp);
      if (days === 1) return t.yesterday;
      return days < 7 ? weekShort.format(timestamp) : short.format(timestamp);
    },
    when: (from, to) =>
      to !== null && to > from ? moment.formatRange(from, to) : moment.format(from),
    names: (names) => list.format(names),
  };
}

/** Gives the page its language. */
export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => (DICTIONARIES[preferred()] ? preferred() : "en"));
  const value = useMemo(() => {
    return make(language, (chosen) => {
      localStorage.setItem(KEY, chosen);
      setLanguage(chosen);
    });
  }, [language]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return <Context value={value}>{children}</Context>;
}

/** The page's language. */
export function useI18n(): I18n {
  const value = useContext(Context);
  if (!value) throw new Error("useI18n needs an I18nProvider around it");
  return value;
}

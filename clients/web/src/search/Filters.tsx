import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Filters.module.css";
import { isOn, TOGGLES, toggled } from "./filters.ts";

/** Buttons for the filters of a query, so that nobody has to know how they are typed. */
export function Filters({ query, onChange }: { query: string; onChange(query: string): void }) {
  const { t } = useI18n();
  return (
    <fieldset className={styles.filters} data-testid="search-filters">
      <legend className="visually-hidden">{t.searchOnly}</legend>
      {TOGGLES.map((toggle) => (
        <button
          key={toggle}
          type="button"
          className={styles.filter}
          aria-pressed={isOn(query, toggle)}
          title={toggle}
          data-testid={`filter-${toggle}`}
          onClick={() => onChange(toggled(query, toggle))}
        >
          {t.searchToggles[toggle]}
        </button>
      ))}
    </fieldset>
  );
}

/** What can be typed into the search field. */
export function FilterHelp({ across }: { across: boolean }) {
  const { t } = useI18n();
  const lines = t.searchHelp.filter(([typed]) => across || !typed.startsWith("in:"));
  return (
    <dl className={styles.help} id="search-help" data-testid="search-help">
      {lines.map(([typed, meaning]) => (
        <div key={typed}>
          <dt>
            <code>{typed}</code>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

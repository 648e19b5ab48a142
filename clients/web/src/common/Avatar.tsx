import type { Availability } from "@caffis/chat";
import styles from "./Avatar.module.css";
import { Icon, type IconName } from "./Icon.tsx";

const HUES = 6;

/** A number that stays the same for a name. */
function hueOf(seed: string): number {
  let hash = 0;
  for (const character of seed) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return (hash % HUES) + 1;
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return letters
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}

/** A round picture of a person or a room: initials on a colour, and a dot for presence. */
export function Avatar(props: {
  name: string;
  seed: string;
  size?: "s" | "m" | "l";
  icon?: IconName | undefined;
  availability?: Availability | undefined;
}) {
  const { name, seed, size = "l", icon, availability } = props;
  return (
    <span
      className={`${styles.avatar} ${styles[size]}`}
      style={{ background: `var(--hue-${hueOf(seed)})` }}
      data-availability={availability}
      // Drawn by CSS, so that screen readers do not read it.
      data-initials={icon ? undefined : initials(name)}
      aria-hidden="true"
    >
      {icon && <Icon name={icon} size={size === "l" ? 22 : 18} />}
    </span>
  );
}

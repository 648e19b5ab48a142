import { useState } from "react";
import { laterView } from "../app/later.tsx";
import controls from "../common/controls.module.css";
import { Icon } from "../common/Icon.tsx";
import type { MenuPlace } from "../common/Menu.tsx";
import { useI18n } from "../i18n/i18n.tsx";

const ItemMenu = laterView((views) => views.ItemMenu);

/** What can be sent besides words. */
export type Kind = "poll" | "location" | "place";

const KINDS = ["poll", "location", "place"] as const;

const ICONS = { poll: "poll", location: "place", place: "cup" } as const;

/** Offers what can be sent besides words. */
export function AttachMenu({ onChoose }: { onChoose(kind: Kind): void }) {
  const { t } = useI18n();
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  return (
    <>
      <button
        type="button"
        className={controls.icon}
        aria-label={t.attach}
        title={t.attach}
        aria-haspopup="menu"
        data-testid="attach"
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setMenu({ x: box.left, y: box.top });
        }}
      >
        <Icon name="add" />
      </button>
      {menu && (
        <ItemMenu
          label={t.attach}
          testId="attach-menu"
          place={menu}
          items={KINDS.map((each) => ({
            icon: ICONS[each],
            label: t.attachKinds[each],
            testId: `attach-${each}`,
            onChoose: () => onChoose(each),
          }))}
          onClose={() => setMenu(null)}
        />
      )}
    </>
  );
}

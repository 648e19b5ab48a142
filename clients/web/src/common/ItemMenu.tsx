import type { IconName } from "./Icon.tsx";
import { Menu, MenuItem, type MenuPlace } from "./Menu.tsx";

/** An entry of a menu. */
export interface Item {
  readonly icon: IconName;
  readonly label: string;
  readonly testId: string;
  onChoose(): void;
}

/** A menu that closes before what was chosen in it happens. */
export function ItemMenu(props: {
  label: string;
  testId: string;
  place: MenuPlace;
  items: readonly Item[];
  onClose(): void;
}) {
  const { label, testId, place, items, onClose } = props;
  return (
    <Menu label={label} testId={testId} place={place} onClose={onClose}>
      {items.map((item) => (
        <MenuItem
          key={item.testId}
          icon={item.icon}
          label={item.label}
          testId={item.testId}
          onChoose={() => {
            onClose();
            item.onChoose();
          }}
        />
      ))}
    </Menu>
  );
}

import type { HistoryPolicy } from "@caffis/chat";
import { Select } from "../common/Select.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { offeredWith, policyName } from "./info.ts";

/** What those see of the time before who join from now on. */
export function HistoryChoice(props: {
  /** What is set now, which is offered whatever it is. */
  set: HistoryPolicy;
  value: HistoryPolicy;
  onChange(history: HistoryPolicy): void;
}) {
  const { t } = useI18n();
  const { set, value, onChange } = props;
  const offered = offeredWith(set);
  const words = (each: HistoryPolicy) =>
    each.type === "last" ? t.historyLast(each.value) : t.histories[each.type];
  const choose = (chosen: string) => {
    const history = offered.find((each) => policyName(each) === chosen);
    if (history) onChange(history);
  };
  return (
    <Select
      label={t.newMembersSee}
      value={policyName(value)}
      options={offered.map((each) => [policyName(each), words(each)] as const)}
      testId="history"
      onChange={choose}
    />
  );
}

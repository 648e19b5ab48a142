/** Times at which messages are sent later, on the clock of who reads them. Pure. */

/** A time that is offered. */
export interface QuickTime {
  readonly name: "hour" | "tonight" | "tomorrow" | "monday";
  readonly due: number;
}

const HOUR_MS = 3_600_000;
const EVENING = 20;
const MORNING = 9;

/** The times that are offered now, the next one first. */
export function quickTimes(now: number): QuickTime[] {
  const at = (days: number, hour: number) => {
    const date = new Date(now);
    date.setDate(date.getDate() + days);
    return date.setHours(hour, 0, 0, 0);
  };
  const day = new Date(now).getDay();
  // Days until Monday; of a Sunday that is tomorrow, which is offered already.
  const monday = (8 - day) % 7 || 7;
  const times: QuickTime[] = [
    { name: "hour", due: now + HOUR_MS },
    { name: "tonight", due: at(0, EVENING) },
    { name: "tomorrow", due: at(1, MORNING) },
  ];
  if (monday > 1) times.push({ name: "monday", due: at(monday, MORNING) });
  return times.filter(({ due }) => due > now).sort((one, other) => one.due - other.due);
}

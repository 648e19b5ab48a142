/** Times as a field of the browser has them, on the clock of who reads them. Pure. */

/** A time as the value of a field for a date and a time: `2026-11-27T20:00`. */
export function fieldOf(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The time of such a value; null if it is none. */
export function timeOf(value: string): number | null {
  const time = new Date(value).getTime();
  return Number.isNaN(time) ? null : time;
}

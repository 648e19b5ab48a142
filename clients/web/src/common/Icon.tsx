const PATHS = {
  add: "M12 5v14M5 12h14",
  back: "m15 5-7 7 7 7",
  bellOff:
    "M4 4l16 16M9.500 5.200A5 5 0 0 1 17 9.500c0 2.500.500 4.300 1.200 5.500M15.500 17.500H5c1.200-1 2-3.500 2-7.500M10 20.500h4",
  bin: "M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13M10.500 11v5M13.500 11v5",
  box: "M4 4.500h16V9H4zM5.500 9v10.500h13V9M10 13h4",
  check: "m5 12.5 4.5 4.5L19 7.5",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 7.5V12l3 2",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10.500v10.500H9zM5 15H4.500V4.500H15V5",
  cup: "M5 9h11v6a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5zM16 10.5h1.5a2.5 2.5 0 0 1 0 5H16M8.5 3c-1 1.5 1 1.7 0 3.2M12.5 3c-1 1.5 1 1.7 0 3.2",
  double: "m2 13 4.5 4.500L15 8m-3.5 9L20.5 8",
  down: "M12 5v13M6 12.500l6 6 6-6",
  flag: "M6 21V4M6 4.500c4-2 7 2 12 0v9c-5 2-8-2-12 0",
  eye: "M4 4l16 16M9.500 6.300A9.500 9.500 0 0 1 12 6c5 0 8.500 4.500 9.500 6a17 17 0 0 1-3 3.500M6.500 8A17 17 0 0 0 2.500 12c1 1.500 4.500 6 9.500 6a9.500 9.500 0 0 0 4-.900M10 10.500a2.500 2.500 0 0 0 3.500 3.500",
  group:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.300a3.5 3.5 0 0 1 0 6.400M18 14a6.5 6.5 0 0 1 3.5 6",
  info: "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M12 11v5M12 8v.01",
  leave: "M14 4H6v16h8M11 12h10M17.5 8.5 21 12l-3.5 3.5",
  lock: "M6 10.500h12v9.500H6zM8.500 10.500V8a3.5 3.5 0 0 1 7 0v2.500",
  more: "M4.500 12a1 1 0 1 0 2 0 1 1 0 0 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 0 0-2 0M17.500 12a1 1 0 1 0 2 0 1 1 0 0 0-2 0",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20.500a7.5 7.5 0 0 1 15 0",
  smile:
    "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M9 10v.01M15 10v.01M8.500 14a4 4 0 0 0 7 0",
  pin: "M9 3.500h6M10 3.500v6l-3 3.500v1.500h10V13l-3-3.500v-6M12 14.500V21",
  reply: "M10 7 4.5 12.500 10 18M5 12.500h8.500a6 6 0 0 1 6 6",
  send: "M12 19V6M6 11.5 12 5.500l6 6",
  up: "M12 19V6M6 11.5 12 5.500l6 6",
  search: "M10.500 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.500 15.500 20 20",
  lower: "m6 9.500 6 6 6-6",
  upper: "m6 14.500 6-6 6 6",
  warn: "M12 4 2.5 20h19zM12 10v5M12 17.500v.01",
  write: "M12 20h9M4 20l1-4L16.5 4.500a2.1 2.1 0 0 1 3 3L8 19z",
} as const;

/** The name of a picture. */
export type IconName = keyof typeof PATHS;

/** A small picture; it says nothing to screen readers, so what it stands for needs a label. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

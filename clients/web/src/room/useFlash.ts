import { useEffect, useState } from "react";

/** How long the message that was jumped to stands out, in milliseconds. */
const FLASH_MS = 1_800;

/** The position of a message that stands out, and how to make one stand out for a moment. */
export function useFlash(): [number | null, (position: number | null) => void] {
  const [flashed, setFlashed] = useState<number | null>(null);
  useEffect(() => {
    if (flashed === null) return;
    const timer = setTimeout(() => setFlashed(null), FLASH_MS);
    return () => clearTimeout(timer);
  }, [flashed]);
  return [flashed, setFlashed];
}

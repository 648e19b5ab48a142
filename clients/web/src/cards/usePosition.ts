import { useState } from "react";
import { ofDevice, shown } from "./places.ts";

/** How long a device may look for its position. */
const POSITION_MS = 20_000;

/** A position: typed in, or the device's when the person asks for it and allows it. */
export function usePosition() {
  const [at, setAt] = useState({ latitude: "", longitude: "", accuracy: null as number | null });
  const [state, setState] = useState<"idle" | "looking" | "failed">("idle");
  const look = () => {
    if (!navigator.geolocation) return setState("failed");
    setState("looking");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const { latitude, longitude } = coords;
        const { accuracy } = ofDevice(coords);
        setAt({ latitude: shown(latitude), longitude: shown(longitude), accuracy });
        setState("idle");
      },
      () => setState("failed"),
      { enableHighAccuracy: true, timeout: POSITION_MS },
    );
  };
  // What is typed is as exact as it is.
  const write = (latitude: string, longitude: string) =>
    setAt({ latitude, longitude, accuracy: null });
  return { ...at, look, write, looking: state === "looking", failed: state === "failed" };
}

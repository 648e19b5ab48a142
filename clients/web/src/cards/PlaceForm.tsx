import {
  ADDRESS_BYTES,
  NAME_BYTES,
  PHONE_BYTES,
  type ReplyIn,
  type RoomId,
  URL_BYTES,
} from "@caffis/chat";
import { useChat, useLimits, useRoomView } from "@caffis/chat-react";
import { useState } from "react";
import { Choice } from "../common/Choice.tsx";
import controls from "../common/controls.module.css";
import { FIRST } from "../common/Dialog.tsx";
import { DialogForm } from "../common/DialogForm.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import styles from "./Cards.module.css";
import { LIVE_TIMES, maySharePosition } from "./live.ts";
import { degreesOf, websiteOf } from "./places.ts";
import { usePosition } from "./usePosition.ts";

type Duration = keyof typeof LIVE_TIMES;

const DURATIONS = Object.keys(LIVE_TIMES) as Duration[];

/** Sends a location, or how to reach a place. */
export function PlaceForm(props: {
  room: RoomId;
  thread: ReplyIn | null;
  kind: "location" | "place";
  onDone(): void;
}) {
  const { room, thread, kind, onDone } = props;
  const { t } = useI18n();
  const client = useChat();
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [phone, setPhone] = useState("");
  const [website, setWebsite] = useState("");
  const position = usePosition();
  const { latitude, longitude } = position;
  const north = degreesOf(latitude, 90);
  const east = degreesOf(longitude, 180);
  const nowhere = latitude.trim() === "" && longitude.trim() === "";
  const coordinates = north === null || east === null ? null : `${north},${east}`;
  const link = websiteOf(website.trim());
  const badLink = website.trim() !== "" && link === null;
  const fits =
    isShort(name, NAME_BYTES) &&
    isShort(address, ADDRESS_BYTES) &&
    isShort(phone, PHONE_BYTES) &&
    isShort(link ?? website, URL_BYTES);
  const [duration, setDuration] = useState<Duration>("still");
  const few = useLimits()?.smallRoomMembers ?? 0;
  const summary = useRoomView(room)?.summary;
  const mayMove = kind === "location" && !thread && summary && maySharePosition(summary, few);
  const complete =
    kind === "location"
      ? coordinates !== null
      : name.trim() !== "" && (coordinates !== null || nowhere) && !badLink;
  const submit = () => {
    const common = { name: name.trim(), address: address.trim() || null };
    const { accuracy } = position;
    const lasts = LIVE_TIMES[duration];
    if (kind === "location" && coordinates !== null && lasts !== null) {
      const location = { ...common, name: common.name || null, coordinates, accuracy };
      return client.locations.share(room, location, lasts);
    }
    const body =
      kind === "location" && coordinates !== null
        ? ({
            type: "location",
            value: { ...common, name: common.name || null, coordinates, accuracy },
          } as const)
        : ({
            type: "place",
            value: {
              ...common,
              phone: phone.trim() || null,
              website: link,
              coordinates,
            },
          } as const);
    return client.messages.sendPlace(room, body, thread);
  };
  return (
    <DialogForm
      submit={t.send}
      testId="place-send"
      ready={complete && fits}
      onSubmit={submit}
      onDone={onDone}
    >
      <Field
        label={kind === "location" ? t.placeNameOptional : t.placeName}
        id="name"
        most={NAME_BYTES}
        value={name}
        first={kind === "place"}
        onChange={setName}
      />
      {kind === "place" && (
        <>
          <Field
            label={t.placePhone}
            id="phone"
            type="tel"
            most={PHONE_BYTES}
            value={phone}
            onChange={setPhone}
          />
          <Field
            label={t.placeWebsite}
            id="website"
            type="url"
            most={URL_BYTES}
            value={website}
            invalid={badLink}
            onChange={setWebsite}
          />
          {badLink && (
            <p className={controls.hint} role="status">
              {t.placeBadLink}
            </p>
          )}
        </>
      )}
      <Field
        label={t.placeAddress}
        id="address"
        most={ADDRESS_BYTES}
        value={address}
        onChange={setAddress}
      />
      <PositionFields position={position} first={kind === "location"} />
      {mayMove && (
        <>
          <Choice<Duration>
            legend={t.liveFor}
            name="live-for"
            value={duration}
            options={DURATIONS.map((each) => [each, t.liveTimes[each]] as const)}
            onChange={setDuration}
          />
          {duration !== "still" && <p className={controls.hint}>{t.liveHint}</p>}
        </>
      )}
    </DialogForm>
  );
}

/** Where it is: as the device says, or typed in. */
function PositionFields(props: { position: ReturnType<typeof usePosition>; first: boolean }) {
  const { t } = useI18n();
  const { position, first } = props;
  const { latitude, longitude } = position;
  const north = degreesOf(latitude, 90);
  const east = degreesOf(longitude, 180);
  return (
    <>
      <button
        type="button"
        className={`${controls.button} ${controls.soft}`}
        disabled={position.looking}
        data-testid="place-here"
        {...(first && FIRST)}
        onClick={position.look}
      >
        {position.looking ? t.placeLooking : t.placeHere}
      </button>
      {position.failed && (
        <p className={controls.error} role="alert">
          {t.placeNoPosition}
        </p>
      )}
      <div className={styles.row}>
        <Field
          label={t.latitude}
          id="latitude"
          most={16}
          value={latitude}
          invalid={latitude.trim() !== "" && north === null}
          onChange={(value) => position.write(value, longitude)}
        />
        <Field
          label={t.longitude}
          id="longitude"
          most={16}
          value={longitude}
          invalid={longitude.trim() !== "" && east === null}
          onChange={(value) => position.write(latitude, value)}
        />
      </div>
    </>
  );
}

function Field(props: {
  label: string;
  id: string;
  type?: "tel" | "url";
  most: number;
  value: string;
  invalid?: boolean;
  /** Whether it has the focus when the window opens. */
  first?: boolean;
  onChange(value: string): void;
}) {
  const { label, id, type = "text", most, value, invalid = false, first, onChange } = props;
  return (
    <label>
      <span className={controls.label}>{label}</span>
      <input
        className={controls.field}
        type={type}
        dir="auto"
        maxLength={most}
        value={value}
        aria-invalid={invalid || !isShort(value, most)}
        data-testid={`place-${id}`}
        {...(first && FIRST)}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

/** Whether a text has at most so many bytes, as the server counts. */
function isShort(text: string, most: number): boolean {
  return new TextEncoder().encode(text.trim()).length <= most;
}

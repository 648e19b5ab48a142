import { Dialog } from "../common/Dialog.tsx";
import { useI18n } from "../i18n/i18n.tsx";
import { ScheduleForm } from "./ScheduleForm.tsx";

/** The window in which a new message is scheduled. */
export function ScheduleDialog(props: {
  text: string;
  onSubmit(text: string, due: number): Promise<unknown>;
  onClose(): void;
}) {
  const { t } = useI18n();
  const { text, onSubmit, onClose } = props;
  return (
    <Dialog title={t.scheduleTitle} onClose={onClose}>
      <ScheduleForm
        text={text}
        due={null}
        submit={t.scheduleNow}
        onSubmit={onSubmit}
        onDone={onClose}
      />
    </Dialog>
  );
}

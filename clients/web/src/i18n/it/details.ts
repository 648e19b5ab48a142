import type { details as english } from "../en/details.ts";

/** In Italian. */
export const details: typeof english = {
  leave: "Abbandona",
  leaveAsk: (name) => `Abbandonare ${name}? Non vedrai più i suoi messaggi.`,
  notifications: "Notifiche",
  muteAsk: "Silenzia le notifiche",
  muted: "notifiche disattivate",
  muteFor: {
    hour: "Silenzia per 1 ora",
    eightHours: "Silenzia per 8 ore",
    week: "Silenzia per una settimana",
    always: "Silenzia per sempre",
  },
  muteTime: {
    hour: "Per 1 ora",
    eightHours: "Per 8 ore",
    week: "Per una settimana",
    always: "Per sempre",
  },
  mutedUntil: (time) => `Notifiche disattivate fino a ${time}.`,
  mutedForEver: "Notifiche disattivate.",
  unmute: "Riattiva le notifiche",
  walkOut: "Esci dalla sala",
  barred: {
    closed: "È finito: qui non si scrive più.",
    guest: "Qui sei ospite: puoi leggere e reagire.",
    frozen: "Questa stanza è congelata: scrive solo chi modera.",
    announcements: "Qui scrive solo chi modera. Puoi reagire.",
  },
  slowModeWait: (seconds) =>
    seconds === 1
      ? "1 secondo prima di poter riscrivere"
      : `${seconds} secondi prima di poter riscrivere`,
  writing: "Scrittura",
  slowMode: "Modalità lenta: un messaggio ogni",
  slowModeTime: (seconds) =>
    seconds === 0
      ? "No"
      : seconds % 3600 === 0
        ? `${seconds / 3600} h`
        : seconds % 60 === 0
          ? `${seconds / 60} min`
          : `${seconds} s`,
  slowModeNow: (seconds) =>
    seconds === 0 ? "modalità lenta disattivata" : `modalità lenta, un messaggio ogni ${seconds} s`,
  announcements: "Solo annunci",
  announcementsHint: "Scrivono solo moderatori, amministratori e proprietari; tutti reagiscono.",
  announcementsNow: (on) => (on ? "ora scrive solo chi modera" : "ora scrivono di nuovo tutti"),
  frozen: "Congela",
  frozenHint: "Solo moderatori, amministratori e proprietari scrivono e reagiscono.",
  frozenNow: (on) => (on ? "la stanza è congelata" : "la stanza non è più congelata"),
  describeRoom: "Modifica nome e descrizione",
  describeTitled: "Modifica la descrizione",
  roomName: "Nome",
  description: "Descrizione",
  descriptionHint: "A che cosa serve",
  nameTooLong: "Il nome è troppo lungo.",
  descriptionTooLong: "La descrizione è troppo lunga.",
  titledHint: "Il nome viene da ciò di cui si tratta qui, e cambia insieme a esso.",
  newMembersSee: "I nuovi membri vedono",
  newMembersHint: "Vale per chi entra da ora in poi.",
  histories: { all: "Tutto", from_joining: "Solo i messaggi successivi" },
  historyLast: (count) => (count === 1 ? "L’ultimo messaggio" : `Gli ultimi ${count} messaggi`),
  infoChanged: {
    name: (name) => `ha cambiato il nome in «${name}»`,
    description: {
      added: "ha aggiunto una descrizione",
      changed: "ha cambiato la descrizione",
      removed: "ha tolto la descrizione",
    },
    history: {
      all: "ha reso tutto visibile ai nuovi membri",
      from_joining: "ha nascosto ai nuovi membri i messaggi precedenti",
    },
    last: (count) =>
      count === 1
        ? "ha reso visibile ai nuovi membri l’ultimo messaggio"
        : `ha reso visibili ai nuovi membri gli ultimi ${count} messaggi`,
  },
  infoNow: {
    name: (name) => `il nome ora è «${name}»`,
    description: {
      added: "è stata aggiunta una descrizione",
      changed: "la descrizione è stata cambiata",
      removed: "la descrizione è stata tolta",
    },
    history: {
      all: "i nuovi membri ora vedono tutto",
      from_joining: "i nuovi membri ora vedono solo ciò che viene dopo il loro arrivo",
    },
    last: (count) =>
      count === 1
        ? "i nuovi membri ora vedono l’ultimo messaggio"
        : `i nuovi membri ora vedono gli ultimi ${count} messaggi`,
  },
  about: "Di che si tratta",
  map: "Mappa",
  photos: "Foto",
  photo: (number) => `Foto ${number}`,
  contextCancelled: "Annullato",
  contextClosed: "Chiuso",
  contextNow: (title) => (title ? `Dettagli aggiornati: ${title}` : "Dettagli aggiornati"),
};

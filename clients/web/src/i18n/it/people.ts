import type { people as english } from "../en/people.ts";

/** In Italian. */
export const people: typeof english = {
  you: "Tu",
  youPreview: (text) => `Tu: ${text}`,
  service: "Caffis",
  and: (names, last) => `${names} e ${last}`,
  isTyping: (name) => `${name} sta scrivendo`,
  areTyping: (names) => `${names} stanno scrivendo`,
  manyTyping: "Più persone stanno scrivendo",
  online: "In linea",
  away: "Assente",
  offline: "Non in linea",
  lastSeen: (when) => `Ultimo accesso ${when}`,
  members: (count) => (count === 1 ? "1 membro" : `${count} membri`),
  onlineCount: (count) => `${count} in linea`,
  hereNow: (count) => (count === 1 ? "1 persona qui" : `${count} persone qui`),
  details: "Dettagli",
  membersTitle: "Membri",
  insideTitle: "Chi è qui",
  roles: {
    owner: "Proprietario",
    admin: "Amministratore",
    moderator: "Moderatore",
    member: "Membro",
    guest: "Ospite",
  },
  handOver: "Cedi la proprietà",
  handOverAsk: (name) => `Cedere questa stanza a ${name}? Sarà sua, e tu resterai amministratore.`,
  role: "Ruolo",
  add: "Aggiungi",
  remove: "Rimuovi",
  people: "Persone",
  groupWith: (name) => `Nuovo gruppo con ${name}`,
  addMembers: "Aggiungi persone",
  everybodyIsIn: "Tutti quelli che conosci fanno già parte del gruppo.",
  manageMember: (name) => `Gestisci ${name}`,
  removeMember: "Rimuovi dal gruppo",
  removeAsk: (name) => `Rimuovere ${name}? Non vedrà più quello che si scrive qui.`,
  yourself: "tu",
  nobodyWithId: "Non c’è nessuno con questo id",
  inviteByLink: "Invita con un link",
  inviteLead: "Chi ha il link può entrare in questo gruppo. Vede chi lo invita.",
  inviteName: "Come lo chiami (facoltativo)",
  inviteNameHint: "Amici di Luca",
  inviteEnds: "Vale per",
  inviteTime: (seconds) =>
    seconds === 0
      ? "Sempre"
      : seconds < 86_400
        ? `${seconds / 3600} h`
        : seconds === 86_400
          ? "1 giorno"
          : `${seconds / 86_400} giorni`,
  inviteUses: "Quante persone possono entrare",
  inviteMost: (count) => (count === 0 ? "Quante vogliono" : String(count)),
  createInvite: "Crea il link",
  newInvite: "Un altro link",
  inviteReady: "Il tuo link",
  inviteOnce: "Copialo ora: non si vedrà più. Puoi crearne un altro quando vuoi.",
  copyInvite: "Copia",
  copied: "Copiato",
  shareInvite: "Condividi…",
  shareInviteText: (room) => `Entra in ${room} su Caffis`,
  inviteList: "Link di questo gruppo",
  noInvites: "Questo gruppo non ha ancora link.",
  unnamedInvite: "Link",
  inviteBy: (name) => `di ${name}`,
  inviteUsed: (uses, most) =>
    most > 0
      ? `usato da ${uses} su ${most}`
      : uses === 0
        ? "nessuno l’ha ancora usato"
        : uses === 1
          ? "usato da 1 persona"
          : `usato da ${uses} persone`,
  inviteUntil: (when) => `fino a ${when}`,
  inviteForEver: "per sempre",
  inviteStates: { revoked: "revocato", expired: "scaduto", used: "esaurito" },
  revokeInvite: "Revoca",
  revokeInviteNamed: (name) => `Revoca ${name}`,
  joinTitle: "Hai un invito",
  joinSignIn: "Accedi per vedere il gruppo al quale ti invitano.",
  joinBy: (name) => `${name} ti invita in`,
  joinRoom: "Entra",
  joinOpen: "Apri il gruppo",
  joinMember: "Sei già in questo gruppo.",
  joinNot: "Non ora",
  joinGoOn: "Vai alle tue conversazioni",
  joinErrors: {
    not_found:
      "Questo link non porta da nessuna parte. Controlla che sia completo, o chiedine un altro.",
    forbidden: "Con questo link non puoi entrare. Chiedi a qualcun altro del gruppo.",
    limit_reached: "Il gruppo è pieno, o sei già nel numero massimo di conversazioni.",
    room_class: "In questa conversazione non si entra con un link.",
  },
};

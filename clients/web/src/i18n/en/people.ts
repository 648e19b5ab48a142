/** People: who is there, members, roles, and links by which they join. */
export const people = {
  you: "You",
  youPreview: (text: string) => `You: ${text}`,
  service: "Caffis",
  and: (names: string, last: string) => `${names} and ${last}`,
  isTyping: (name: string) => `${name} is typing`,
  areTyping: (names: string) => `${names} are typing`,
  manyTyping: "Several people are typing",
  online: "Online",
  away: "Away",
  offline: "Offline",
  lastSeen: (when: string) => `Last seen ${when}`,
  members: (count: number) => (count === 1 ? "1 member" : `${count} members`),
  onlineCount: (count: number) => `${count} online`,
  hereNow: (count: number) => (count === 1 ? "1 person here" : `${count} people here`),
  details: "Details",
  membersTitle: "Members",
  insideTitle: "Here now",
  roles: {
    owner: "Owner",
    admin: "Admin",
    moderator: "Moderator",
    member: "Member",
    guest: "Guest",
  },
  handOver: "Make them the owner instead of you",
  handOverAsk: (name: string) =>
    `Hand this room over to ${name}? They own it then, and you stay as an admin.`,
  role: "Role",
  add: "Add",
  remove: "Remove",
  people: "People",
  groupWith: (name: string) => `New group with ${name}`,
  addMembers: "Add people",
  everybodyIsIn: "Everyone you know is already in the group.",
  manageMember: (name: string) => `Manage ${name}`,
  removeMember: "Remove from the group",
  removeAsk: (name: string) => `Remove ${name}? They will no longer see what is written here.`,
  yourself: "you",
  nobodyWithId: "Nobody has this id",
  inviteByLink: "Invite by link",
  inviteLead: "Whoever has the link can join this group. It says who invites them.",
  inviteName: "What you call it (optional)",
  inviteNameHint: "Friends of Luca",
  inviteEnds: "Good for",
  inviteTime: (seconds: number) =>
    seconds === 0
      ? "Ever"
      : seconds < 86_400
        ? `${seconds / 3600} h`
        : seconds === 86_400
          ? "1 day"
          : `${seconds / 86_400} days`,
  inviteUses: "How many may join",
  inviteMost: (count: number) => (count === 0 ? "Any number" : String(count)),
  createInvite: "Create link",
  newInvite: "Another link",
  inviteReady: "Your link",
  inviteOnce: "Copy it now: it is not shown again. You can make another one at any time.",
  copyInvite: "Copy",
  copied: "Copied",
  shareInvite: "Share…",
  shareInviteText: (room: string) => `Join ${room} on Caffis`,
  inviteList: "Links of this group",
  noInvites: "This group has no links yet.",
  unnamedInvite: "Link",
  inviteBy: (name: string) => `by ${name}`,
  inviteUsed: (uses: number, most: number) =>
    most > 0
      ? `${uses} of ${most} joined`
      : uses === 0
        ? "nobody joined yet"
        : uses === 1
          ? "1 person joined"
          : `${uses} people joined`,
  inviteUntil: (when: string) => `until ${when}`,
  inviteForEver: "for ever",
  inviteStates: { revoked: "revoked", expired: "has ended", used: "used up" },
  revokeInvite: "Revoke",
  revokeInviteNamed: (name: string) => `Revoke ${name}`,
  joinTitle: "You are invited",
  joinSignIn: "Sign in to see the group to which you are invited.",
  joinBy: (name: string) => `${name} invites you to`,
  joinRoom: "Join",
  joinOpen: "Open the group",
  joinMember: "You are in this group already.",
  joinNot: "Not now",
  joinGoOn: "Go on to your conversations",
  joinErrors: {
    not_found: "This link leads nowhere. Check that it is complete, or ask for another one.",
    forbidden: "You cannot join by this link. Ask somebody else in the group.",
    limit_reached: "The group is full, or you are in as many conversations as possible.",
    room_class: "This conversation cannot be joined by a link.",
  },
};

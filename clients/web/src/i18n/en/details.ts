/** The details of a conversation: its notifications, who may write, what it is about. */
export const details = {
  leave: "Leave",
  leaveAsk: (name: string) => `Leave ${name}? You will no longer see its messages.`,
  notifications: "Notifications",
  muteAsk: "Mute notifications",
  muted: "notifications are off",
  muteFor: {
    hour: "Mute for 1 hour",
    eightHours: "Mute for 8 hours",
    week: "Mute for a week",
    always: "Mute for ever",
  },
  muteTime: {
    hour: "For 1 hour",
    eightHours: "For 8 hours",
    week: "For a week",
    always: "For ever",
  },
  mutedUntil: (time: string) => `Notifications are off until ${time}.`,
  mutedForEver: "Notifications are off.",
  unmute: "Turn notifications on",
  walkOut: "Walk out",
  barred: {
    closed: "This is over: nobody writes here any more.",
    guest: "You are a guest here: you read and react.",
    frozen: "This room is frozen: only those who moderate write.",
    announcements: "Only those who moderate write here. You can react.",
  },
  slowModeWait: (seconds: number) =>
    seconds === 1
      ? "1 second until you can write again"
      : `${seconds} seconds until you can write again`,
  writing: "Writing",
  slowMode: "Slow mode: one message every",
  slowModeTime: (seconds: number) =>
    seconds === 0
      ? "Off"
      : seconds % 3600 === 0
        ? `${seconds / 3600} h`
        : seconds % 60 === 0
          ? `${seconds / 60} min`
          : `${seconds} s`,
  slowModeNow: (seconds: number) =>
    seconds === 0 ? "slow mode is off" : `slow mode, one message every ${seconds} s`,
  announcements: "Announcements only",
  announcementsHint: "Only moderators, admins and owners write; everybody reacts.",
  announcementsNow: (on: boolean): string =>
    on ? "only moderators write now" : "everybody writes again",
  frozen: "Freeze",
  frozenHint: "Nobody but moderators, admins and owners writes or reacts.",
  frozenNow: (on: boolean): string => (on ? "the room is frozen" : "the room is no longer frozen"),
  describeRoom: "Edit name and description",
  describeTitled: "Edit description",
  roomName: "Name",
  description: "Description",
  descriptionHint: "What this is for",
  nameTooLong: "The name is too long.",
  descriptionTooLong: "The description is too long.",
  titledHint: "The name comes from what this is about, and changes with it.",
  newMembersSee: "New members see",
  newMembersHint: "This counts for whoever joins from now on.",
  histories: { all: "Everything", from_joining: "Only messages after joining" },
  historyLast: (count: number) => (count === 1 ? "The last message" : `The last ${count} messages`),
  infoChanged: {
    name: (name: string) => `changed the name to “${name}”`,
    description: {
      added: "added a description",
      changed: "changed the description",
      removed: "removed the description",
    },
    history: {
      all: "made everything visible to new members",
      from_joining: "hid earlier messages from new members",
    },
    last: (count: number) =>
      count === 1
        ? "made the last message visible to new members"
        : `made the last ${count} messages visible to new members`,
  },
  infoNow: {
    name: (name: string) => `the name is now “${name}”`,
    description: {
      added: "a description was added",
      changed: "the description was changed",
      removed: "the description was removed",
    },
    history: {
      all: "new members now see everything",
      from_joining: "new members now see only what comes after they join",
    },
    last: (count: number) =>
      count === 1
        ? "new members now see the last message"
        : `new members now see the last ${count} messages`,
  },
  about: "What this is about",
  map: "Map",
  photos: "Photos",
  photo: (number: number) => `Photo ${number}`,
  contextCancelled: "Cancelled",
  contextClosed: "Closed",
  contextNow: (title: string | null) => (title ? `Details changed: ${title}` : "Details changed"),
};

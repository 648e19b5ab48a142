import { app } from "./en/app.ts";
import { cards } from "./en/cards.ts";
import { details } from "./en/details.ts";
import { lists } from "./en/lists.ts";
import { messages } from "./en/messages.ts";
import { people } from "./en/people.ts";
import { room } from "./en/room.ts";

/** English: the default, and the shape of every dictionary. */
export const en = { ...app, ...lists, ...room, ...messages, ...cards, ...people, ...details };

/** What every language says. */
export type Dictionary = typeof en;

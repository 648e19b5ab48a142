import type { Dictionary } from "./en.ts";
import { app } from "./it/app.ts";
import { cards } from "./it/cards.ts";
import { details } from "./it/details.ts";
import { lists } from "./it/lists.ts";
import { messages } from "./it/messages.ts";
import { people } from "./it/people.ts";
import { room } from "./it/room.ts";

/** Italian. */
export const it: Dictionary = {
  ...app,
  ...lists,
  ...room,
  ...messages,
  ...cards,
  ...people,
  ...details,
};

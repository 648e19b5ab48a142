/** The client's server in memory, with a second room, threads and lists. */

import { type ChatClient, type Command, type Reply, roomId } from "@caffis/chat";
import { FakeServer, ROOM } from "../../ts/test/fake.ts";
import { start as startWith } from "../../ts/test/start.ts";

export { FakeTimers, ME, OTHER, ROOM, settled } from "../../ts/test/fake.ts";
export { refusal } from "../../ts/test/start.ts";

/** An empty room beside the one of the server. */
export const SECOND = roomId("00000000000000a2");

/** Answers of a test to commands that the server does not know, or knows otherwise. */
type Answers = { [Type in Command["type"]]?: (command: Extract<Command, { type: Type }>) => Reply };

export class ChatServer extends FakeServer {
  /** What a test answers itself. */
  answers: Answers = {};

  override answer(command: Command): Reply {
    const own = this.answers[command.type] as ((command: Command) => Reply) | undefined;
    if (own) return own(command);
    const second = { ...this.summary(), room: SECOND, head: 0, number: 0, read: 0, unread: 0 };
    const reply = super.answer(command);
    switch (reply.type) {
      case "welcome":
        return { ...reply, value: { ...reply.value, rooms: [...reply.value.rooms, second] } };
      case "opened": {
        if (command.type !== "open" || command.value.room === ROOM) return reply;
        const page = { entries: [], moreBefore: false, moreAfter: false, head: 0 };
        return { ...reply, value: { ...reply.value, room: second, page } };
      }
      default:
        return reply;
    }
  }

  /** The commands of a kind, in order. */
  asked<Type extends Command["type"]>(type: Type): Extract<Command, { type: Type }>[] {
    return this.commands.filter(
      (each): each is Extract<Command, { type: Type }> => each.type === type,
    );
  }
}

/** A client that connects at once, and ends after its test. */
export function start(server: FakeServer): ChatClient {
  return startWith(server).client;
}

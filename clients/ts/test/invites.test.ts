import { describe, expect, test } from "vitest";
import { inviteOf, inviteText } from "../src/client/invites.ts";
import { CommandError } from "../src/errors.ts";
import type { Command, Invite, Reply } from "../src/protocol.ts";
import { FakeServer, OTHER, ROOM, settled } from "./fake.ts";
import { refusal, start } from "./start.ts";

/** A server that keeps the links that were made. */
class Inviting extends FakeServer {
  readonly invites: Invite[] = [];

  override answer(command: Command): Reply {
    const appended = { room: ROOM, position: 7, number: 0, time: 0 };
    switch (command.type) {
      case "create_invite": {
        const { maxUses, name, lifetimeSeconds } = command.value;
        const expires = lifetimeSeconds * 1000;
        const more = { uses: 0, revoked: false, made: 0, by: OTHER };
        this.invites.push({ invite: 7, expires, maxUses, name, ...more });
        return { type: "appended", value: appended };
      }
      case "join_by_invite":
      case "revoke_invite":
        return { type: "appended", value: appended };
      case "invites":
        return { type: "invites", value: { invites: this.invites } };
      case "invite_preview": {
        const by = { user: OTHER, name: "Marco", picture: null };
        const more = { room: ROOM, name: "Sabato", members: 2, expires: null, member: false };
        return { type: "invited_room", value: { by, ...more } };
      }
      default:
        return super.answer(command);
    }
  }
}

describe("invite links", () => {
  test("are made with a secret of their own, which the same command keeps over a lost link", async () => {
    const server = new Inviting();
    const { client, timers } = start(server);
    await settled();
    let cuts = 1;
    server.cutBeforeReply = (command) => command.type === "create_invite" && cuts-- > 0;
    const making = client.invites.create(ROOM, { maxUses: 3 });
    await timers.advance(60_000);
    const link = await making;
    const made = server.commands.filter((command) => command.type === "create_invite");
    expect(made).toHaveLength(2);
    expect(made[0]).toEqual(made[1]);
    const value = made[0]?.value as { secret: string; lifetimeSeconds: number; maxUses: number };
    expect(value).toMatchObject({ secret: link.secret, lifetimeSeconds: 604_800, maxUses: 3 });
    expect((await client.invites.create(ROOM)).secret).not.toBe(link.secret);
    expect(inviteOf(inviteText(link))).toEqual(link);
  });

  test("are listed with the names of those who made them", async () => {
    const server = new Inviting();
    const { client } = start(server);
    await settled();
    await client.invites.create(ROOM, { name: "Amici" });
    const [invite] = await client.invites.list(ROOM);
    expect(invite).toMatchObject({ invite: 7, name: "Amici", by: OTHER });
    await settled();
    const asked = server.commands.find((command) => command.type === "profiles");
    expect(asked?.value).toEqual({ users: [OTHER] });
    await client.invites.revoke(ROOM, 7);
    expect(server.commands.at(-1)).toMatchObject({ type: "revoke_invite", value: { invite: 7 } });
  });

  test("say what they lead to, and why they lead nowhere", async () => {
    const server = new Inviting();
    const { client } = start(server);
    await settled();
    const link = await client.invites.create(ROOM);
    expect((await client.invites.preview(link)).by.user).toBe(OTHER);
    await client.invites.join(link);
    expect(server.commands.at(-1)).toMatchObject({ type: "join_by_invite", value: link });
    server.refuse = (command) =>
      command.type === "join_by_invite" ? refusal("invite_used_up") : null;
    const refused = client.invites.join(link);
    await expect(refused).rejects.toBeInstanceOf(CommandError);
    await expect(refused).rejects.toMatchObject({ code: "invite_used_up" });
  });
});

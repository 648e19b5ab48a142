/** Node has no WebSocket of its own before version 22: the client takes one from a package. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ChatClient } from "../src/client/client.ts";
import { FrameKind, messageFrame, readMessageFrame } from "../src/link/frames.ts";
import { SUBPROTOCOL, webSocketDial } from "../src/link/websocket.ts";
import { clientFrameFromBytes, randomDeviceId, serverFrameToBytes } from "../src/protocol.ts";
import { FakeServer, ROOM } from "./fake.ts";

/** The server in memory behind a real port. */
async function listen(server: FakeServer) {
  const http = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ webtransport: null, websocket: { path: "/ws" } }));
  });
  const sockets = new WebSocketServer({ server: http, handleProtocols: () => SUBPROTOCOL });
  sockets.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const { kind, payload } = readMessageFrame(data);
      if (kind === FrameKind.ping) socket.send(messageFrame(FrameKind.pong, payload));
      if (kind !== FrameKind.data) return;
      const frame = clientFrameFromBytes(payload);
      if (frame.type !== "request") return;
      const { id, command } = frame.value;
      const result = { type: "ok", value: server.answer(command) } as const;
      const reply = serverFrameToBytes({ type: "reply", value: { id, result } });
      socket.send(messageFrame(FrameKind.data, reply));
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const close = () => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

test("a client with the WebSocket of a package connects, opens a room and sends", async () => {
  const server = new FakeServer();
  server.write("one");
  const { url, close } = await listen(server);
  const client = new ChatClient({
    server: url,
    device: randomDeviceId(),
    getToken: async () => "token",
    webSocket: WebSocket,
  });
  try {
    await client.open(ROOM);
    const sent = new Promise<void>((done) => {
      client.room(ROOM).subscribe(() => {
        if (client.room(ROOM).getSnapshot()?.entries.length === 2) done();
      });
    });
    client.send(ROOM, "two");
    await sent;
    expect(client.connection.getSnapshot()).toMatchObject({
      phase: "online",
      transport: "websocket",
    });
    expect(server.entries).toHaveLength(2);
  } finally {
    client.dispose();
    close();
  }
});

test("a refused connection rejects the dial and throws nothing else", async () => {
  const { url, close } = await listen(new FakeServer());
  close();
  const events = { frame() {}, datagram() {}, pong() {}, closed() {} };
  const dial = webSocketDial(url.replace("http", "ws"), WebSocket);
  await expect(dial(events, new AbortController().signal)).rejects.toThrow("no connection");
});

test.runIf(!("WebSocket" in globalThis))(
  "without a WebSocket the error names the option",
  async () => {
    const events = { frame() {}, datagram() {}, pong() {}, closed() {} };
    const dial = webSocketDial("ws://127.0.0.1:9/");
    await expect(dial(events, new AbortController().signal)).rejects.toThrow("`webSocket`");
  },
);

import { browserOutbox, ChatClient, type RoomId, randomDeviceId, type UserId } from "@caffis/chat";
import {
  ChatProvider,
  type MessageItem,
  useChat,
  useConnection,
  useMarkRead,
  useNewClient,
  usePerson,
  useRoom,
  useRooms,
  useTimeline,
  useTyping,
} from "@caffis/chat-react";
import { type FormEvent, useEffect, useState } from "react";

function connect() {
  return new ChatClient({
    server: "https://chat.example.com",
    device: randomDeviceId(), // make it once and keep it
    getToken: async (_reason, signal) => (await fetch("/chat-token", { signal })).text(),
    outboxStorage: browserOutbox(),
  });
}

export function App() {
  const client = useNewClient(connect);
  if (!client) return null;
  return (
    <ChatProvider client={client}>
      <Chat />
    </ChatProvider>
  );
}

export function Chat() {
  const { phase } = useConnection();
  const { rooms, more, loadMore } = useRooms();
  const [chosen, setChosen] = useState<RoomId | null>(null);
  return (
    <>
      <p role="status">{phase}</p>
      <nav>
        {rooms.map(({ room, name, peer, unread }) => (
          <button key={room} type="button" onClick={() => setChosen(room)}>
            {peer ? <Name user={peer.user} /> : name} {unread > 0 && `(${unread})`}
          </button>
        ))}
        {more && (
          <button type="button" onClick={loadMore}>
            More
          </button>
        )}
      </nav>
      {chosen && <Room key={chosen} id={chosen} />}
    </>
  );
}

/** A room is open for as long as it is shown. */
function Room({ id }: { id: RoomId }) {
  const { room, error, gone, retry } = useRoom(id);
  if (gone) return <p>You are no longer in this room.</p>;
  if (error) {
    return (
      <button type="button" onClick={retry}>
        It could not be opened. Try again
      </button>
    );
  }
  if (!room?.held) return <p>Loading…</p>;
  return (
    <main>
      <Messages id={id} />
      <Composer id={id} />
    </main>
  );
}

function Messages({ id }: { id: RoomId }) {
  const { items, moreBefore, loadingBefore, loadOlder } = useTimeline(id);
  const messages = items.filter((item) => item.type === "message");
  const last = messages.findLast(({ number }) => number !== null)?.number ?? 0;
  const markRead = useMarkRead(id);
  useEffect(() => markRead(last), [markRead, last]);
  return (
    <ol>
      {moreBefore && (
        <button type="button" disabled={loadingBefore} onClick={loadOlder}>
          Older
        </button>
      )}
      {messages.map((item) => (
        <Message key={item.key} item={item} />
      ))}
    </ol>
  );
}

function Message({ item }: { item: MessageItem }) {
  return (
    <li>
      <b>{item.sender && <Name user={item.sender} />}</b> {item.text ?? "Deleted"}{" "}
      {item.pending && <i>{item.pending.state}</i>}
    </li>
  );
}

function Composer({ id }: { id: RoomId }) {
  const client = useChat();
  const { users, setTyping } = useTyping(id);
  const [text, setText] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    client.send(id, text); // shows at once, arrives once
    setText("");
  };
  return (
    <form onSubmit={send}>
      {users.map((user) => (
        <p key={user}>
          <Name user={user} /> is typing…
        </p>
      ))}
      <input
        aria-label="Message"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setTyping(event.target.value !== "");
        }}
      />
      <button type="submit">Send</button>
    </form>
  );
}

function Name({ user }: { user: UserId }) {
  return usePerson(user)?.name ?? user;
}

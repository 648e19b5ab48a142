//! `caffis-chat chat`: a terminal chat on the client library.
//!
//! It reads lines and writes lines, so it works in a terminal, over a pipe and in tests (`--plain`).
//! One loop owns everything; what has to wait for the server waits beside it in `calls`.

mod conversations;
mod discover;
mod input;
mod screen;

use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use caffis_client::{
    CallError, Client, ClientEvent, Options, State, SystemEnvironment, TokenFuture, TokenSource,
};
use caffis_schema::{
    EntryKind, Event, MessageNumber, Position, RoomId, ServerSignal, Text, UserId,
    command::{Anchor, EnsureRoom},
    event::{RoomEntry, RoomMarkers},
    reply::{EntryPage, MemberPage},
    room::{Context, HistoryPolicy, RoomClass, RoomSummary},
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::mpsc;

use discover::Site;
use input::{HELP, Input};
use screen::{Screen, availability, title};

/// Entries of one page on the screen.
const PAGE: u8 = 30;
/// Lines that wait to be taken.
const LINES: usize = 64;

/// How the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Transport {
    /// QUIC, and WebSocket where that does not get through.
    Auto,
    /// Native QUIC.
    Quic,
    /// WebSocket.
    Ws,
}

/// Chat in the terminal.
#[derive(Clone, Debug, clap::Args)]
pub struct ChatArgs {
    /// Who you are, on a development server: giulia, marco, …
    #[arg(long, required_unless_present = "token")]
    user: Option<String>,
    /// The server.
    #[arg(long, default_value = "localhost:5002")]
    server: String,
    /// Your token, where the server is not a development server.
    #[arg(long, env = "CAFFIS_CHAT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// How to connect.
    #[arg(long, value_enum, default_value = "auto")]
    transport: Transport,
    /// Open this conversation at once: its number in the list, its id or its name.
    #[arg(long)]
    room: Option<String>,
    /// Write lines for programs: a word and fields, separated by tabs.
    #[arg(long)]
    plain: bool,
}

/// Runs the chat until the person leaves or the connection ends for good.
///
/// # Errors
/// The server's address is wrong.
pub async fn run(args: ChatArgs) -> anyhow::Result<()> {
    let site = Site::new(&args.server, args.transport)?;
    let tokens: TokenSource = match (args.token, args.user) {
        (Some(token), _) => Arc::new(move || {
            let token = token.clone();
            Box::pin(async move { Ok(token) }) as TokenFuture
        }),
        (None, user) => site.tokens(user.unwrap_or_default()),
    };
    let mut options = Options::new(Arc::new(site), tokens, Arc::new(SystemEnvironment));
    options.name = concat!("caffis-chat/", env!("CARGO_PKG_VERSION")).to_owned();
    let (client, mut events, driver) = Client::new(options);
    let driver = tokio::spawn(driver.run());
    let mut lines = read_lines();
    let mut chat = Chat {
        client,
        screen: Screen::new(args.plain),
        me: None,
        rooms: Vec::new(),
        names: BTreeMap::new(),
        room: None,
        oldest: Position(0),
        wanted: args.room,
        typed: 0,
        calls: FuturesUnordered::new(),
    };
    let mut reading = true;
    // After the last line, what was said is still delivered.
    while reading || !chat.calls.is_empty() {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => chat.event(event),
                None => break,
            },
            Some(done) = chat.calls.next() => chat.done(done),
            line = lines.recv(), if reading => match line {
                Some(line) => reading = chat.line(&line),
                None => reading = false,
            },
        }
    }
    chat.client.dispose().await;
    drop(events);
    let _: Result<(), _> = driver.await;
    Ok(())
}

/// The lines of the keyboard. A thread of their own, because the runtime would wait at its end for a
/// read that nothing interrupts.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// What came of something that was asked of the server.
#[allow(clippy::large_enum_variant, reason = "each is made and taken at once, one by one")]
enum Done {
    Said(Result<caffis_schema::reply::Appended, CallError>),
    Room(Result<RoomSummary, CallError>),
    Opened(Result<(), CallError>),
    Members(Result<MemberPage, CallError>, bool),
    History(Result<EntryPage, CallError>),
    Quiet,
}

type Call = Pin<Box<dyn Future<Output = Done> + Send>>;

struct Chat {
    client: Client,
    screen: Screen,
    me: Option<UserId>,
    /// By activity, as the server gave them.
    rooms: Vec<RoomSummary>,
    /// What people are called, by their ids.
    names: BTreeMap<String, String>,
    room: Option<RoomId>,
    /// The first position on the screen.
    oldest: Position,
    /// What to open as soon as the list is there.
    wanted: Option<String>,
    typed: u32,
    calls: FuturesUnordered<Call>,
}

impl Chat {
    /// Takes a line; false when it was the last one.
    fn line(&mut self, line: &str) -> bool {
        let client = self.client.clone();
        match (input::parse(line), self.room) {
            (Input::Quit, _) => return false,
            (Input::Nothing, _) => {}
            (Input::Help, _) => self.screen.line("help", &[], HELP),
            (Input::Wrong(hint), _) => self.failed(hint),
            (Input::Rooms, _) => self.show_rooms(),
            (Input::Open(name), _) => self.open_named(&name),
            (Input::Direct(user), _) => {
                self.call(async move { Done::Room(client.ensure_direct(user).await) });
            }
            (Input::Group(name, users), _) => self.call(async move {
                Done::Room(client.create_group(&name, users, HistoryPolicy::All).await)
            }),
            (Input::Cafe(name), _) => {
                let ensure = EnsureRoom {
                    context: Context { kind: Text::cut("cafe"), id: Text::cut(&name) },
                    class: RoomClass::Public,
                    name: Some(Text::cut(&name)),
                    members: caffis_schema::List::default(),
                    history: HistoryPolicy::All,
                };
                self.call(async move { Done::Room(client.ensure_room(ensure).await) });
            }
            (_, None) => self.failed("no conversation is open: /rooms, then /open N"),
            (Input::Say(text), Some(room)) => {
                self.call(async move { Done::Said(client.send_text(room, &text).await) });
            }
            (Input::Typing, Some(room)) => {
                self.typed += 1;
                client.typing(room, self.typed, true);
            }
            (Input::Who, Some(room)) => {
                self.call(async move { Done::Members(client.members(room, None, 100).await, true) })
            }
            (Input::History, Some(room)) => {
                let before = Anchor::Before(self.oldest);
                self.call(async move { Done::History(client.history(room, before, PAGE).await) });
            }
            (Input::Close, Some(room)) => {
                self.room = None;
                self.screen.line("closed", &[&room.to_string()], "closed");
                self.call(async move { Done::Opened(client.close(room).await) });
            }
        }
        true
    }

    fn call(&self, call: impl Future<Output = Done> + Send + 'static) {
        self.calls.push(Box::pin(call));
    }

    fn failed(&self, why: &str) {
        self.screen.line("failed", &[why], &format!("✗ {why}"));
    }

    fn done(&mut self, done: Done) {
        let failed = match done {
            Done::Said(Ok(appended)) => {
                let (position, number) =
                    (appended.position.to_string(), appended.number.to_string());
                self.plain_only("sent", &[appended.room.to_string(), position, number]);
                return;
            }
            Done::Room(Ok(room)) => {
                let id = room.room;
                self.remember(room);
                self.open(id);
                return;
            }
            Done::Members(Ok(page), shown) => return self.members(&page, shown),
            Done::History(Ok(page)) => return self.page(&page),
            Done::Opened(Ok(())) | Done::Quiet => return,
            Done::Said(Err(error))
            | Done::Room(Err(error))
            | Done::Opened(Err(error))
            | Done::Members(Err(error), _)
            | Done::History(Err(error)) => error,
        };
        self.failed(&failed.to_string());
    }

    fn event(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::State(state) => {
                let ended = matches!(state, State::Ended(_));
                self.screen.state(&state);
                if ended {
                    self.calls = FuturesUnordered::new();
                }
            }
            ClientEvent::Welcome(welcome) => {
                self.names
                    .insert(welcome.profile.user.to_string(), welcome.profile.name.to_string());
                let first = self.me.replace(welcome.profile.user.clone()).is_none();
                self.rooms = welcome.rooms.into_vec();
                if first {
                    self.show_rooms();
                    self.screen.say("/help explains the commands");
                    if let Some(wanted) = self.wanted.take() {
                        self.open_named(&wanted);
                    }
                }
            }
            ClientEvent::Opened(opened) => self.opened(&opened),
            ClientEvent::Entry(entry) => self.entry(&entry),
            ClientEvent::Reset { room, .. } => {
                self.screen.line("reset", &[&room.to_string()], "… much was missed; loading again");
            }
            ClientEvent::Gone(room) => self.gone(room),
            ClientEvent::Other(event) => self.other(*event),
            ClientEvent::Signal(signal) => self.signal(&signal),
            // The welcome that follows says how things are.
            ClientEvent::Lagged => {}
        }
    }

    fn other(&mut self, event: Event) {
        match event {
            Event::RoomAdded(room) => {
                let text = format!("★ new conversation: {}", title(&room));
                self.screen.line("added", &[&room.room.to_string(), &title(&room)], &text);
                self.remember(room);
            }
            Event::RoomRemoved(removed) => self.gone(removed.room),
            Event::Head(head) => {
                if let Some(room) = self.rooms.iter_mut().find(|room| room.room == head.room) {
                    room.unread += head.number.since(room.number);
                    (room.head, room.number, room.preview) = (head.head, head.number, head.preview);
                }
            }
            Event::OwnRead(own) => {
                if let Some(room) = self.rooms.iter_mut().find(|room| room.room == own.room) {
                    (room.read, room.unread) = (own.read, own.unread);
                }
                let fields = [own.room.to_string(), own.read.to_string(), own.unread.to_string()];
                self.plain_only("read", &fields);
            }
            Event::Markers(RoomMarkers { room, markers }) => {
                for marker in &markers {
                    let read = marker.read.to_string();
                    let fields = [room.to_string(), marker.user.to_string(), read];
                    self.plain_only("marker", &fields);
                }
            }
            Event::Profile(profile) => {
                self.names.insert(profile.user.to_string(), profile.name.to_string());
            }
            Event::Presence(presence) => self.signal(&ServerSignal::Presence(presence)),
            _ => {}
        }
    }

    fn plain_only(&self, word: &str, fields: &[String]) {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.screen.plain(word, &fields);
    }

    fn signal(&self, signal: &ServerSignal) {
        match signal {
            ServerSignal::Typing(typing)
                if typing.active && Some(&typing.user) != self.me.as_ref() =>
            {
                let people = format!("  {} is typing…", self.name(typing.user.as_str()));
                let fields = [&*typing.room.to_string(), typing.user.as_str()];
                if Some(typing.room) == self.room {
                    self.screen.line("typing", &fields, &people);
                }
            }
            ServerSignal::Presence(presence) if Some(&presence.user) != self.me.as_ref() => {
                let state = availability(presence.availability);
                let people = format!("  {} is {state}", self.name(presence.user.as_str()));
                self.screen.line("presence", &[presence.user.as_str(), state], &people);
            }
            _ => {}
        }
    }

    fn entry(&mut self, entry: &RoomEntry) {
        let mut unread = None;
        if let Some(room) = self.rooms.iter_mut().find(|room| room.room == entry.room) {
            room.head = entry.entry.position;
            if let EntryKind::Message(message) = &entry.entry.kind {
                room.number = message.number;
                if message.sender == self.me {
                    room.read = message.number;
                }
                room.unread = message.number.since(room.read);
                unread = Some((title(room), room.unread));
            }
        }
        if self.room == Some(entry.room) {
            self.screen.entry(&entry.room.to_string(), &entry.entry, |user| self.name(user));
            if let EntryKind::Message(message) = &entry.entry.kind
                && message.sender != self.me
            {
                self.mark_read(entry.room, message.number.get());
            }
        } else if let Some((title, unread)) = unread {
            let id = entry.room.to_string();
            let people = format!("  ({unread} new in {title})");
            self.screen.line("unread", &[&id, &unread.to_string()], &people);
        }
    }

    fn mark_read(&self, room: RoomId, number: u64) {
        let client = self.client.clone();
        // A marker that is refused changes nothing that is shown here.
        self.call(async move {
            let _: Result<(), CallError> = client.mark_read(room, MessageNumber(number)).await;
            Done::Quiet
        });
    }
}

//! What each feature costs its user and the store: commands one after the other in a room of ten, all of whom are there.

use std::time::Duration;

use caffis_schema::{
    Body, Command, List, MessageNumber, Position, Reply, RoomId, Text, Timestamp, UserId,
    command::{
        Anchor, Delete, Edit, Forward, Hide, History, Mark, Marked, Mute, Pin, React, Send,
        SetRole, Star,
    },
    event::{Flag, TextBody},
    open::Empty,
    polls::{PollBody, Vote},
    room::{ClientKey, Draft, Extra, Mentions, Role},
    scheduled::{CancelScheduled, Schedule},
    threads::FollowThread,
};
use tokio::{task::spawn_local, time::sleep};

use super::{Cell, Plan, group, join, key, now, person};
use crate::{
    frames::{Clock, TEXT_BYTES},
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

const MEMBERS: usize = 10;

/// Commands of each feature.
const TIMES: usize = 500;

/// How long what follows from a command later may take: the search index, markers, news.
const AFTER: Duration = Duration::from_millis(1_500);

/// Counts rows in the store's metrics.
const ROWS: &str = "caffis_store_rows_written_total";

const HOUR: u64 = 3_600_000;

/// A feature, and its command for each time.
struct Feature {
    name: &'static str,
    command: fn(&Place, usize) -> Command,
}

const fn feature(name: &'static str, command: fn(&Place, usize) -> Command) -> Feature {
    Feature { name, command }
}

const FEATURES: &[Feature] = &[
    feature("send", |it, n| it.send(n, Vec::new())),
    feature("send with a quote", |it, n| {
        Command::Send(Send::reply(it.key(n), it.room, it.text(), it.message(n)))
    }),
    feature("send that mentions one", |it, n| {
        let users = List::cut(vec![member(n)]);
        it.send(n, vec![Extra::Mentions(Mentions { users, room: false })])
    }),
    feature("send that mentions all", |it, n| {
        it.send(n, vec![Extra::Mentions(Mentions { users: List::default(), room: true })])
    }),
    feature("reply in a thread", |it, n| {
        Command::Send(Send::in_thread(it.key(n), it.room, it.text(), it.message(0)))
    }),
    feature("follow a thread, or no longer", |it, n| {
        let follow = n % 2 == 1;
        Command::FollowThread(FollowThread { room: it.room, root: it.message(0), follow })
    }),
    feature("edit", |it, n| {
        let other = Body::Text(TextBody { text: Text::cut(&"y".repeat(TEXT_BYTES)) });
        Command::Edit(Edit::words(it.key(n), it.room, it.message(n), other))
    }),
    feature("react", |it, n| {
        let (key, room, position) = (it.key(n), it.room, it.message(n));
        Command::React(React { key, room, position, emoji: Text::cut("☕"), add: true })
    }),
    feature("pin, or no longer", |it, n| {
        let (key, room, position) = (it.key(n), it.room, it.message(0));
        Command::Pin(Pin { key, room, position, pin: n.is_multiple_of(2) })
    }),
    feature("star", |it, n| {
        Command::Star(Star { room: it.room, position: it.message(n), star: true })
    }),
    feature("forward", |it, n| {
        // The head is that of the other room, which is not followed.
        let key = ClientKey { head: Position::ZERO, ..it.key(n) };
        let (room, source, position) = (it.other, it.room, it.message(n));
        Command::Forward(Forward { key, room, source, position, copied: None })
    }),
    feature("draft", |it, n| {
        let text = Text::cut(&format!("draft {n}"));
        Command::SetDraft(Draft { room: it.room, text, time: now() })
    }),
    feature("schedule, or cancel", |it, n| {
        let (key, room, body) = (it.key(n), it.room, it.text());
        match n % 2 {
            0 => {
                let (extras, due) = (List::default(), now() + HOUR);
                Command::Schedule(Schedule { key, room, body, extras, due })
            }
            _ => {
                let id = it.key(n - 1).id;
                Command::CancelScheduled(CancelScheduled { key, room, id })
            }
        }
    }),
    feature("vote", |it, n| {
        let choices = List::cut(vec![u8::from(n % 2 == 1)]);
        let (key, room, position) = (it.key(n), it.room, it.poll);
        Command::Vote(Vote { key, room, position, choices })
    }),
    feature("mark as read", |it, n| {
        let number = MessageNumber::ZERO + (n as u64 + 1);
        Command::MarkRead(Mark { room: it.room, number })
    }),
    feature("mute, or no longer", |it, n| {
        let until = n.is_multiple_of(2).then_some(Timestamp::MAX);
        Command::Mute(Mute { room: it.room, until })
    }),
    feature("change a role", |it, n| {
        let role = if n.is_multiple_of(2) { Role::Moderator } else { Role::Member };
        Command::SetRole(SetRole { key: it.key(n), room: it.room, user: member(0), role })
    }),
    feature("history of 100", |it, _| {
        Command::History(History { room: it.room, anchor: Anchor::Latest, limit: 100 })
    }),
    feature("list of stars", |_, _| {
        Command::Marked(Marked { flag: Flag::Starred(Empty {}), before: None, limit: 20 })
    }),
    feature("delete for oneself", |it, n| {
        Command::Hide(Hide { room: it.room, position: it.message(n) })
    }),
    feature("delete for everyone", |it, n| {
        Command::Delete(Delete { key: it.key(n), room: it.room, position: it.message(n) })
    }),
];

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for feature in FEATURES {
        let variant = format!("{}, room of {MEMBERS}, websocket", feature.name);
        if !plan.wants(&variant) {
            continue;
        }
        let server = Start::new(&plan.server).metrics()?.listening()?;
        let figures = measure(&server, feature, plan.count(TIMES)).await?;
        cells.push(Cell { scenario: "features", variant, figures });
    }
    Ok(cells)
}

async fn measure(server: &Server, feature: &Feature, times: usize) -> anyhow::Result<Figures> {
    let clock = Clock::start();
    let mut wires = join(server.address, 0, MEMBERS, &Shared::new()).await?;
    let others: Vec<_> = (1..MEMBERS).map(person).collect();
    let room = group(&mut wires[0], 1, others.clone()).await?;
    let other = group(&mut wires[0], 2, others).await?;
    for wire in &mut wires {
        wire.open(room).await?;
    }
    let mut driver = wires.remove(0);
    let listeners: Vec<_> = wires.into_iter().map(listen).collect();
    let mut place = Place::new(room, other);
    for n in 0..times {
        let reply = driver.call(10, place.send_at(n, place.text())).await?;
        let position = place.follow(&reply);
        place.messages.push(position);
    }
    let poll = PollBody {
        question: Text::cut("Where?"),
        options: List::cut(vec![Text::cut("here"), Text::cut("there")]),
        multiple: false,
        anonymous: false,
        closes: None,
    };
    let reply = driver.call(10, place.send_at(times, Body::Poll(poll))).await?;
    place.poll = place.follow(&reply);
    if feature.name == "list of stars" {
        for n in 0..times.min(50) {
            let star = Star { room, position: place.message(n), star: true };
            driver.call(10, Command::Star(star)).await?;
        }
    }
    sleep(AFTER).await;

    place.first_key = 1_000_000;
    let (mut took, before) = (Latencies::default(), server.metric(ROWS).await?);
    for n in 0..times {
        let command = (feature.command)(&place, n);
        let begun = clock.now();
        let reply = driver.call(10, command).await?;
        took.add(clock.since(begun));
        place.follow(&reply);
    }
    sleep(AFTER).await;
    let rows = server.metric(ROWS).await? - before;
    listeners.iter().for_each(tokio::task::JoinHandle::abort);
    let mut figures = Figures::new();
    took.report(["p50_ms", "p99_ms", "max_ms"], &mut figures);
    figures.insert("rows_per_command", rows / times as f64);
    Ok(figures)
}

fn listen(mut wire: Wire) -> tokio::task::JoinHandle<()> {
    spawn_local(async move { while wire.receive(|_| ()).await.is_ok() {} })
}

/// Another member than the one who does everything.
fn member(number: usize) -> UserId {
    let name = person(1 + number % (MEMBERS - 1));
    UserId::new(&name).unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

/// Where it happens.
struct Place {
    room: RoomId,
    other: RoomId,
    messages: Vec<Position>,
    poll: Position,
    head: Position,
    first_key: u128,
}

impl Place {
    fn new(room: RoomId, other: RoomId) -> Self {
        let (poll, head) = (Position::ZERO, Position::ZERO);
        Self { room, other, messages: Vec::new(), poll, head, first_key: 1_000 }
    }

    fn key(&self, n: usize) -> ClientKey {
        key(self.first_key + n as u128, self.head)
    }

    fn text(&self) -> Body {
        let text = Text::cut(&"x".repeat(TEXT_BYTES));
        Body::Text(TextBody { text })
    }

    fn message(&self, n: usize) -> Position {
        self.messages[n % self.messages.len()]
    }

    fn send_at(&self, n: usize, body: Body) -> Command {
        Command::Send(Send::new(self.key(n), self.room, body))
    }

    fn send(&self, n: usize, extras: Vec<Extra>) -> Command {
        let message = Send::new(self.key(n), self.room, self.text());
        Command::Send(Send { extras: List::cut(extras), ..message })
    }

    /// Takes in what was answered; gives the position of a new entry of the room.
    fn follow(&mut self, reply: &Reply) -> Position {
        match reply {
            Reply::Appended(appended) if appended.room == self.room => {
                self.head = self.head.max(appended.position);
                appended.position
            }
            _ => self.head,
        }
    }
}

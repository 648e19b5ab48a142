//! One sender, many receivers, over each transport as the client library speaks it: messages on
//! streams, typing in datagrams.

use std::{cell::RefCell, rc::Rc, time::Duration};

use caffis_client::{Connection, Received};
use caffis_schema::{
    Body, ClientSignal, Command, EntryKind, Event, Position, RoomId, ServerSignal, Text, UserId,
    command::{Send, Typing},
    event::{RoomEntry, TextBody},
};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::{
    Cell, Meter, Plan, cafe,
    dial::{self, Dial},
    each, join, key, settle,
};
use crate::{
    frames::{Clock, TEXT_BYTES},
    server::{Server, Start},
    tally::{Figures, Latencies, Order},
    wire::Shared,
};

pub(super) const TRANSPORTS: &[&str] = &["websocket", "quic", "webtransport"];

/// How often someone who types says so: a server passes it on at most once a second.
const TYPING: Duration = Duration::from_millis(1_200);

/// Those of the receivers who type: as many as a server tells of in one room.
pub(super) const TYPISTS: usize = 8;

/// The receivers while some type: with the sender few enough for a small room, in which typing is told.
const TYPING_RECEIVERS: usize = 80;

/// How long datagrams may be on their way at the end.
const LAST_DATAGRAMS: Duration = Duration::from_millis(500);

/// What is sent to whom.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) receivers: usize,
    /// Messages per second.
    pub(super) rate: u64,
    pub(super) time: Duration,
    /// Whether some of the receivers type, instead of one of them sending.
    pub(super) typing: bool,
}

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for transport in TRANSPORTS {
        for typing in [false, true] {
            let receivers = plan.count(if typing { TYPING_RECEIVERS } else { 100 });
            let variant = if typing {
                format!("{TYPISTS} of {receivers} typing, {transport}")
            } else {
                format!("1 to {receivers} at 100/s, {transport}")
            };
            if !plan.wants(&variant) {
                continue;
            }
            let load = Load { receivers, rate: 100, time: plan.time(4), typing };
            let server = Start::new(&plan.server).listening()?;
            let figures = measure(&server, transport, load).await?;
            cells.push(Cell { scenario: "links", variant, figures });
        }
    }
    Ok(cells)
}

#[derive(Default)]
struct Heard {
    acked: u64,
    acks: Latencies,
    deliveries: u64,
    latencies: Latencies,
    orders: Vec<Order>,
    /// When each message was sent, by number.
    sent: Vec<u64>,
    /// When each person said last that they are typing.
    typed: Vec<u64>,
    signals: u64,
}

pub(super) async fn measure(
    server: &Server,
    transport: &str,
    load: Load,
) -> anyhow::Result<Figures> {
    let clock = Clock::start();
    let mut maker = join(server.address, load.receivers + 1, 1, &Shared::new()).await?.remove(0);
    let room = cafe(&mut maker, "links").await?;
    let dial = Dial::named(transport, server.address).await?;
    let mut sender = dial.connection(server.address, load.receivers).await?;
    let begin = dial::open(&mut sender, room).await?.page.head;
    let heard = Rc::new(RefCell::new(Heard::default()));
    heard.borrow_mut().typed = vec![0; load.receivers];
    let mut connections = Vec::with_capacity(load.receivers);
    for index in 0..load.receivers {
        let mut connection = dial.connection(server.address, index).await?;
        dial::open(&mut connection, room).await?;
        heard.borrow_mut().orders.push(Order::after(begin));
        connections.push(connection);
    }

    let meter = Meter::start(server);
    let started = Instant::now();
    let mut tasks: Vec<JoinHandle<()>> = Vec::with_capacity(load.receivers + 1);
    for (index, connection) in connections.into_iter().enumerate() {
        let person = Person { index, room, begin, clock, load, heard: Rc::clone(&heard) };
        tasks.push(spawn_local(person.receive(connection)));
    }
    let person = Person { index: 0, room, begin, clock, load, heard: Rc::clone(&heard) };
    tasks.push(spawn_local(person.send(sender)));
    tokio::time::sleep(load.time).await;
    let mut figures = Figures::new();
    let used = if load.typing {
        tokio::time::sleep(LAST_DATAGRAMS).await;
        meter.stop(server, &mut figures)
    } else {
        let total = load.rate * load.time.as_millis() as u64 / 1_000;
        let expected = total * load.receivers as u64;
        settle(|| heard.borrow().deliveries >= expected && heard.borrow().acked >= total).await;
        meter.stop(server, &mut figures)
    };
    let took = started.elapsed();
    let lost = tasks.iter().filter(|task| task.is_finished()).count();
    tasks.iter().for_each(JoinHandle::abort);

    let heard = heard.take();
    figures.insert("lost_connections", lost as f64);
    figures.insert("deliveries_per_s", heard.deliveries as f64 / took.as_secs_f64());
    figures.insert("server_us_per_delivery", each(used, heard.deliveries));
    heard.latencies.report(["receive_p50_ms", "receive_p99_ms", "receive_max_ms"], &mut figures);
    if load.typing {
        let expected = heard.signals * load.receivers as u64;
        figures.insert("delivered_share", heard.deliveries as f64 / expected.max(1) as f64);
    } else {
        heard.acks.report(["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], &mut figures);
        for order in &heard.orders {
            order.report(begin + heard.sent.len() as u64, &mut figures);
        }
    }
    Ok(figures)
}

struct Person {
    index: usize,
    room: RoomId,
    /// The head before the first message.
    begin: Position,
    clock: Clock,
    load: Load,
    heard: Rc<RefCell<Heard>>,
}

impl Person {
    /// Hears everything, and types.
    async fn receive(self, mut connection: Connection) {
        // Not all of them at the same moment.
        let share = self.index as f64 / self.load.receivers as f64;
        let mut pace = pace(TYPING, TYPING.mul_f64(share));
        let mut counter = 0;
        loop {
            tokio::select! {
                received = connection.next() => match received {
                    Received::Event(Event::Entry(entry)) => self.entry(&entry),
                    Received::Signal(ServerSignal::Typing(typing)) => self.typing(&typing.user),
                    Received::Closed(_) => return,
                    _ => {}
                },
                _ = pace.tick(), if self.load.typing && self.index < TYPISTS => {
                    counter += 1;
                    let (room, active) = (self.room, true);
                    connection.signal(ClientSignal::Typing(Typing { room, counter, active }));
                    let heard = &mut *self.heard.borrow_mut();
                    heard.typed[self.index] = self.clock.now();
                    heard.signals += 1;
                }
            }
        }
    }

    /// Sends, and hears the answers.
    async fn send(self, mut connection: Connection) {
        let mut pace = pace(Duration::from_secs(1) / self.load.rate as u32, Duration::ZERO);
        let total = self.load.rate * self.load.time.as_millis() as u64 / 1_000;
        let mut asked = std::collections::BTreeMap::new();
        loop {
            let sending = !self.load.typing && (self.heard.borrow().sent.len() as u64) < total;
            tokio::select! {
                received = connection.next() => match received {
                    Received::Answer { id, result: Ok(_) } => {
                        let heard = &mut *self.heard.borrow_mut();
                        if let Some(sent) = asked.remove(&id) {
                            heard.acked += 1;
                            heard.acks.add(self.clock.since(sent));
                        }
                    }
                    Received::Closed(_) => return,
                    // The sender of a typing cell is one more who hears it.
                    Received::Signal(ServerSignal::Typing(typing)) => self.typing(&typing.user),
                    _ => {}
                },
                _ = pace.tick(), if sending => {
                    let at = self.clock.now();
                    let mut heard = self.heard.borrow_mut();
                    let number = heard.sent.len() as u128;
                    if let Ok(id) = connection.request(self.message(number, heard.acked, at)) {
                        heard.sent.push(at);
                        asked.insert(id, at);
                    }
                }
            }
        }
    }

    fn message(&self, number: u128, acked: u64, at: u64) -> Command {
        let text = format!("{at:016x}{}", "x".repeat(TEXT_BYTES - 16));
        let key = key(number + 1, self.begin + acked);
        let body = Body::Text(TextBody { text: Text::cut(&text) });
        Command::Send(Send::new(key, self.room, body))
    }

    fn entry(&self, RoomEntry { entry, .. }: &RoomEntry) {
        let EntryKind::Message(message) = &entry.kind else { return };
        let Body::Text(body) = &message.body else { return };
        let sent = body.text.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let heard = &mut *self.heard.borrow_mut();
        heard.deliveries += 1;
        heard.orders[self.index].take(entry.position);
        if let Some(sent) = sent {
            heard.latencies.add(self.clock.since(sent));
        }
    }

    fn typing(&self, user: &UserId) {
        let index =
            user.as_str().rsplit('-').next().and_then(|number| number.parse::<usize>().ok());
        let heard = &mut *self.heard.borrow_mut();
        if let Some(sent) = index.and_then(|index| heard.typed.get(index).copied()) {
            heard.deliveries += 1;
            heard.latencies.add(self.clock.since(sent));
        }
    }
}

fn pace(every: Duration, first: Duration) -> Interval {
    let mut pace = interval_at(Instant::now() + first, every);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    pace
}

//! Reading: everybody in a room marks what they have read, a thousand times a second together, while
//! one person goes on sending.

use std::{cell::RefCell, rc::Rc, time::Duration};

use caffis_schema::{
    Command, List, MessageNumber, Position, RoomId, UserId,
    command::{AddMembers, Mark},
    limits::USERS_PER_COMMAND,
};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::{MissedTickBehavior, interval},
};

use super::{Cell, Meter, Plan, each, group, join, key, person, settle};
use crate::{
    frames::{self, Came, Clock},
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire, Writer},
};

/// Members of the room: a small one, in which all hear of each mark, and a large one.
const MEMBERS: &[usize] = &[100, 500];

/// Marks per second.
const MARKS: u64 = 1_000;

/// Messages per second.
const SENDS: u64 = 50;

/// The ids of marks; those of messages lie below.
const FIRST_MARK: u32 = 1_000_000;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for members in MEMBERS {
        let members = plan.count(*members).max(2);
        let variant = format!("{MARKS}/s by {members} members, {SENDS} sends/s, websocket");
        if !plan.wants(&variant) {
            continue;
        }
        let server = Start::new(&plan.server).listening()?;
        let figures = measure(&server, members, plan).await?;
        cells.push(Cell { scenario: "mark_read", variant, figures });
    }
    Ok(cells)
}

/// What was asked and answered in one stretch of time.
#[derive(Default)]
struct Heard {
    /// When each message and each mark was sent.
    sends: Vec<u64>,
    marks: Vec<u64>,
    /// Messages that were acknowledged since the room was made.
    number: MessageNumber,
    send_acks: Latencies,
    mark_acks: Latencies,
    sent: usize,
    marked: usize,
    not_sent: usize,
    not_marked: usize,
    events: u64,
}

impl Heard {
    fn begin(&mut self) {
        *self = Self { number: self.number, ..Self::default() };
    }

    fn take(&mut self, payload: &[u8], clock: Clock) {
        match frames::came(payload) {
            Came::Answer { id, done } if id >= FIRST_MARK => {
                let Some(asked) = self.marks.get((id - FIRST_MARK) as usize) else { return };
                self.mark_acks.add(clock.since(*asked));
                self.marked += usize::from(done);
                self.not_marked += usize::from(!done);
            }
            Came::Answer { id, done } => {
                let Some(asked) = self.sends.get(id as usize) else { return };
                self.send_acks.add(clock.since(*asked));
                self.sent += usize::from(done);
                self.not_sent += usize::from(!done);
                self.number += u64::from(done);
            }
            Came::Entry { .. } | Came::Other => self.events += 1,
        }
    }

    fn is_answered(&self) -> bool {
        self.sent + self.not_sent >= self.sends.len()
            && self.marked + self.not_marked >= self.marks.len()
    }
}

async fn measure(server: &Server, members: usize, plan: &Plan) -> anyhow::Result<Figures> {
    let shared = Shared::new();
    let clock = Clock::start();
    let mut wires = join(server.address, 0, members, &shared).await?;
    let room = room(&mut wires[0], members).await?;
    let mut begin = Position::ZERO;
    for wire in &mut wires {
        begin = wire.open(room).await?.page.head;
    }
    let mut writers: Vec<Writer> = wires.iter().map(Wire::writer).collect();
    let heard = Rc::new(RefCell::new(Heard::default()));
    let tasks: Vec<_> =
        wires.into_iter().map(|wire| receive(wire, clock, Rc::clone(&heard))).collect();
    let mut figures = Figures::new();

    drive(&mut writers, (room, begin), clock, &heard, plan.time(3), false).await?;
    settle(|| heard.borrow().is_answered()).await;
    let alone = std::mem::take(&mut heard.borrow_mut().send_acks);
    let names = ["send_alone_p50_ms", "send_alone_p99_ms", "send_alone_max_ms"];
    alone.report(names, &mut figures);

    heard.borrow_mut().begin();
    let meter = Meter::start(server);
    drive(&mut writers, (room, begin), clock, &heard, plan.time(5), true).await?;
    settle(|| heard.borrow().is_answered()).await;
    let used = meter.stop(server, &mut figures);
    tasks.iter().for_each(JoinHandle::abort);
    let heard = heard.take();
    heard.send_acks.report(["send_p50_ms", "send_p99_ms", "send_max_ms"], &mut figures);
    heard.mark_acks.report(["mark_p50_ms", "mark_p99_ms", "mark_max_ms"], &mut figures);
    for (name, with, alone) in [
        ("send_p50_times_alone", "send_p50_ms", "send_alone_p50_ms"),
        ("send_p99_times_alone", "send_p99_ms", "send_alone_p99_ms"),
    ] {
        let figure = |name| figures.get(name).copied();
        if let (Some(with), Some(alone)) = (figure(with), figure(alone)) {
            figures.insert(name, with / alone);
        }
    }
    let unanswered = heard.marks.len() - heard.marked - heard.not_marked;
    figures.insert("marks_unanswered", unanswered as f64);
    figures.insert("marks_failed", heard.not_marked as f64);
    figures.insert("sends_failed", (heard.sends.len() - heard.sent) as f64);
    figures.insert("events_per_mark", heard.events as f64 / heard.marks.len().max(1) as f64);
    figures.insert("server_us_per_mark", each(used, heard.marks.len() as u64));
    Ok(figures)
}

/// A group of so many people.
async fn room(owner: &mut Wire, members: usize) -> anyhow::Result<RoomId> {
    let first = (1..members.min(USERS_PER_COMMAND)).map(person).collect();
    let room = group(owner, 1, first).await?;
    for from in (USERS_PER_COMMAND..members).step_by(USERS_PER_COMMAND) {
        let to = members.min(from + USERS_PER_COMMAND);
        let users = (from..to).map(|index| UserId::new(&person(index)));
        let users = users.collect::<Result<Vec<_>, _>>()?;
        let key = key(from as u128, Position::ZERO);
        let add = AddMembers { key, room, users: List::cut(users) };
        owner.call(4, Command::AddMembers(add)).await?;
    }
    Ok(room)
}

fn receive(mut wire: Wire, clock: Clock, heard: Rc<RefCell<Heard>>) -> JoinHandle<()> {
    spawn_local(async move {
        while wire.receive(|payload| heard.borrow_mut().take(payload, clock)).await.is_ok() {}
    })
}

/// The first person sends; the others mark, one after the other, what was acknowledged last.
async fn drive(
    writers: &mut [Writer],
    (room, begin): (RoomId, Position),
    clock: Clock,
    heard: &Rc<RefCell<Heard>>,
    time: Duration,
    marking: bool,
) -> anyhow::Result<()> {
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(MARKS)?);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = clock.now();
    for tick in 0..MARKS * time.as_millis() as u64 / 1_000 {
        pace.tick().await;
        if tick % (MARKS / SENDS) == 0 {
            let at = clock.now();
            let id = {
                let sends = &mut heard.borrow_mut().sends;
                sends.push(at);
                u32::try_from(sends.len() - 1)?
            };
            let number = u128::from(begun) << 32 | u128::from(id);
            let key = key(number, begin + heard.borrow().number.get());
            writers[0].send(&frames::message(id, room, key, at)).await?;
        }
        let number = heard.borrow().number;
        if marking && number > MessageNumber::ZERO {
            let id = {
                let marks = &mut heard.borrow_mut().marks;
                marks.push(clock.now());
                FIRST_MARK + u32::try_from(marks.len() - 1)?
            };
            let reader = 1 + tick as usize % (writers.len() - 1);
            let mark = frames::request(id, Command::MarkRead(Mark { room, number }));
            writers[reader].send(&mark).await?;
        }
    }
    Ok(())
}

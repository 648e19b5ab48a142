//! Webhooks of other services: from a request to the screen of who it concerns, and as many as a server takes.

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, rc::Rc, time::Duration};

use caffis_schema::{Event, ServerFrame};
use tokio::{
    task::spawn_local,
    time::{Instant, sleep_until},
};

use super::{Cell, Meter, Plan, each, join, now, person, settle};
use crate::{
    frames::{self, Clock},
    http::Http,
    server::{HOOK_SECRET, Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

/// People who are connected.
const PEOPLE: usize = 200;

/// Invitations that are accepted in a second, each between two of them.
const INVITATIONS: u64 = 100;

/// For how many seconds.
const SECONDS: u64 = 10;

/// Users who are mirrored, and how many requests are under way at a time.
const USERS: usize = 20_000;
const IN_FLIGHT: usize = 64;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    let variant = format!("{INVITATIONS} invitations/s to {PEOPLE} people");
    if plan.wants(&variant) {
        let server = Start::new(&plan.server).listening()?;
        let figures = invitations(&server, plan.time(SECONDS)).await?;
        cells.push(Cell { scenario: "hooks", variant, figures });
    }
    let users = plan.count(USERS);
    let variant = format!("{users} users, {IN_FLIGHT} in flight");
    if plan.wants(&variant) {
        let server = Start::new(&plan.server).listening()?;
        let figures = mirror(&server, users).await?;
        cells.push(Cell { scenario: "hooks", variant, figures });
    }
    Ok(cells)
}

/// A connection over which webhooks are sent, one after the other.
struct Sender {
    http: Http,
    key: ring::hmac::Key,
}

impl Sender {
    async fn connect(server: SocketAddr) -> anyhow::Result<Self> {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, HOOK_SECRET.as_bytes());
        Ok(Self { http: Http::connect(server).await?, key })
    }

    /// Sends an event and waits until it is done.
    async fn send(&mut self, id: &str, kind: &str, data: &str) -> anyhow::Result<()> {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let body =
            format!(r#"{{"type":"{kind}","timestamp":"2026-11-26T12:00:00Z","data":{data}}}"#);
        let time = now().get() / 1_000;
        let signature = ring::hmac::sign(&self.key, format!("{id}.{time}.{body}").as_bytes());
        let signature = BASE64_STANDARD.encode(signature);
        let headers = format!(
            "Content-Type: application/json\r\nwebhook-id: {id}\r\nwebhook-timestamp: {time}\r\n\
             webhook-signature: v1,{signature}\r\n"
        );
        self.http.request("POST /api/chat/hooks/bench", &headers, &body).await?;
        Ok(())
    }
}

/// When each invitation was sent, and how long it took to each of its two people.
#[derive(Default)]
struct Sent {
    begun: BTreeMap<String, u64>,
    seen: Latencies,
    count: usize,
}

async fn invitations(server: &Server, time: Duration) -> anyhow::Result<Figures> {
    let shared = Shared::new();
    let clock = Clock::start();
    let sent = Rc::new(RefCell::new(Sent::default()));
    for wire in join(server.address, 0, PEOPLE, &shared).await? {
        spawn_local(watch(wire, clock, sent.clone()));
    }
    let mut answers = Latencies::default();
    let mut sender = Sender::connect(server.address).await?;
    let meter = Meter::start(server);
    let count = INVITATIONS * time.as_secs();
    let begun = Instant::now();
    for number in 0..count {
        sleep_until(begun + Duration::from_micros(1_000_000 * number / INVITATIONS)).await;
        let id = format!("invitation-{number}");
        let at = (number as usize * 2) % PEOPLE;
        let data = format!(
            r#"{{"id":"{id}","version":1,"participants":["{}","{}"],"title":"{id}",
                "place":{{"name":"Caffè Nero"}},"time":"2026-12-01T18:30:00Z"}}"#,
            person(at),
            person(at + 1)
        );
        let start = clock.now();
        sent.borrow_mut().begun.insert(id.clone(), start);
        sender.send(&id, "invitation.accepted", &data).await?;
        answers.add(clock.since(start));
    }
    let wanted = usize::try_from(count * 2)?;
    settle(|| sent.borrow().count >= wanted).await;
    let mut figures = Figures::new();
    let used = meter.stop(server, &mut figures);
    let sent = std::mem::take(&mut *sent.borrow_mut());
    figures.insert("lost", wanted.saturating_sub(sent.count) as f64);
    sent.seen.report(["screen_p50_ms", "screen_p99_ms", "screen_max_ms"], &mut figures);
    answers.report(["answer_p50_ms", "answer_p99_ms", "answer_max_ms"], &mut figures);
    figures.insert("server_us_per_event", each(used, count));
    Ok(figures)
}

/// Notes when a person is told of a new room.
async fn watch(mut wire: Wire, clock: Clock, sent: Rc<RefCell<Sent>>) {
    let mut told = Vec::new();
    while wire.receive(|payload| told.push(payload.to_vec())).await.is_ok() {
        for payload in told.drain(..) {
            let Ok(ServerFrame::Event(Event::RoomAdded(room))) = frames::decode(&payload) else {
                continue;
            };
            let mut sent = sent.borrow_mut();
            if let Some(begun) = sent.begun.get(room.context.id.as_str()).copied() {
                sent.seen.add(clock.since(begun));
                sent.count += 1;
            }
        }
    }
}

async fn mirror(server: &Server, users: usize) -> anyhow::Result<Figures> {
    let clock = Clock::start();
    let answers = Rc::new(RefCell::new(Latencies::default()));
    let next = Rc::new(std::cell::Cell::new(0));
    let mut senders = Vec::new();
    for _ in 0..IN_FLIGHT {
        senders.push(Sender::connect(server.address).await?);
    }
    let meter = Meter::start(server);
    let begun = Instant::now();
    let tasks: Vec<_> = senders
        .into_iter()
        .map(|mut sender| {
            let (next, answers) = (next.clone(), answers.clone());
            spawn_local(async move {
                loop {
                    let number = next.replace(next.get() + 1);
                    if number >= users {
                        return anyhow::Ok(());
                    }
                    let id = person(number);
                    let data = format!(
                        r#"{{"id":"{id}","version":1,"name":"{id}","picture":null,"locale":"it-IT",
                            "time_zone":"Europe/Rome","roles":["member"]}}"#
                    );
                    let start = clock.now();
                    sender.send(&id, "user.upserted", &data).await?;
                    answers.borrow_mut().add(clock.since(start));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let took = begun.elapsed();
    let mut figures = Figures::new();
    let used = meter.stop(server, &mut figures);
    figures.insert("events_per_s", users as f64 / took.as_secs_f64());
    figures.insert("events_per_s_per_core", users as f64 / used.as_secs_f64());
    figures.insert("server_us_per_event", each(used, users as u64));
    let answers = std::mem::take(&mut *answers.borrow_mut());
    answers.report(["answer_p50_ms", "answer_p99_ms", "answer_max_ms"], &mut figures);
    Ok(figures)
}

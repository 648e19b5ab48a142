//! Webhooks to other services: what they cost those who send, and how many an endpoint is told.

use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, rc::Rc, time::Duration};

use caffis_schema::{Position, RoomId};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::spawn_local,
    time::{Instant, sleep_until},
};

use super::{Cell, Meter, Plan, each, group, join, key, person, settle};
use crate::{
    frames::{self, Came, Clock},
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

/// Rooms of one person each, who sends.
const SENDERS: usize = 64;

/// Messages in a second, in all rooms together.
const MESSAGES: u64 = 500;

/// For how many seconds.
const SECONDS: u64 = 10;

/// Rooms in which messages wait for an endpoint, and how many in each.
const BACKLOG_ROOMS: usize = 64;
const BACKLOG: u64 = 100;

/// A secret of the endpoint.
const SECRET: &str = "bench:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for (name, told) in [("nobody is told", false), ("an endpoint is told", true)] {
        let variant = format!("{MESSAGES} messages/s in {SENDERS} rooms, {name}");
        if plan.wants(&variant) {
            let figures = paced(plan, told).await?;
            cells.push(Cell { scenario: "hooks", variant, figures });
        }
    }
    let variant = format!(
        "{} events, an endpoint is told as fast as it goes",
        BACKLOG * BACKLOG_ROOMS as u64
    );
    if plan.wants(&variant) {
        let figures = backlog(plan).await?;
        cells.push(Cell { scenario: "hooks", variant, figures });
    }
    Ok(cells)
}

/// What the endpoint was told.
#[derive(Default)]
struct Told {
    /// When each message was sent, by its room and number.
    begun: BTreeMap<String, u64>,
    delays: Latencies,
    count: usize,
}

/// An endpoint that takes everything; the address at which it listens.
async fn endpoint(clock: Clock, told: Rc<RefCell<Told>>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            spawn_local(take(stream, clock, told.clone()));
        }
    });
    Ok(address)
}

async fn take(mut stream: TcpStream, clock: Clock, told: Rc<RefCell<Told>>) {
    let mut bytes = Vec::new();
    loop {
        let request = loop {
            if let Some(length) = whole(&bytes) {
                break bytes.drain(..length).collect::<Vec<u8>>();
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let text = String::from_utf8_lossy(&request);
        let id = text.lines().find_map(|line| line.strip_prefix("webhook-id: evt_"));
        if let Some(id) = id {
            let told = &mut *told.borrow_mut();
            told.count += 1;
            let event = id.trim_end_matches("_bench");
            if let Some(begun) = told.begun.remove(event) {
                told.delays.add(clock.since(begun));
            }
        }
        if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
            return;
        }
    }
}

/// The length of the request at the beginning of what has come, if it is whole.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let length = head + length.trim().parse::<usize>().ok()?;
    (bytes.len() >= length).then_some(length)
}

fn server(plan: &Plan, endpoint: Option<SocketAddr>) -> anyhow::Result<Server> {
    let start = Start::new(&plan.server);
    let Some(endpoint) = endpoint else { return start.listening() };
    let url = format!("bench:http://{endpoint}/");
    let settings = [
        ("CAFFIS_HOOK_OUT_URLS", url.as_str()),
        ("CAFFIS_HOOK_OUT_SECRETS", SECRET),
        ("CAFFIS_HOOK_OUT_KINDS", "bench:chat.message.created"),
        ("CAFFIS_HOOK_OUT_NETWORKS", "127.0.0.1"),
    ];
    start.settings(&settings).listening()
}

/// People with a room each.
async fn rooms(server: &Server, count: usize) -> anyhow::Result<Vec<(Wire, RoomId, Position)>> {
    let shared = Shared::new();
    let mut rooms = Vec::new();
    for (number, mut wire) in join(server.address, 0, count, &shared).await?.into_iter().enumerate()
    {
        let room = group(&mut wire, number as u64 + 1, vec![person(number)]).await?;
        let head = wire.open(room).await?.page.head;
        rooms.push((wire, room, head));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(rooms)
}

/// Somebody who sends messages at a pace, each when the last one is durable; gives the times that took.
async fn send(
    (mut wire, room, mut head): (Wire, RoomId, Position),
    times: Vec<Instant>,
    clock: Clock,
    told: Rc<RefCell<Told>>,
) -> anyhow::Result<Latencies> {
    let mut acks = Latencies::default();
    for (number, time) in (100_u32..).zip(times) {
        sleep_until(time).await;
        let sent = clock.now();
        told.borrow_mut().begun.insert(format!("{room}_{}", head.get() + 1), sent);
        let key = key(number.into(), head);
        wire.send(&frames::message(number, room, key, sent)).await?;
        let mut answered = false;
        while !answered {
            wire.receive(|payload| match frames::came(payload) {
                Came::Entry { position, .. } => head = head.max(position),
                Came::Answer { id, done } if id == number => {
                    answered = true;
                    if done {
                        acks.add(clock.since(sent));
                    }
                }
                _ => {}
            })
            .await?;
        }
    }
    Ok(acks)
}

/// A steady pace: what a send costs, with an endpoint and without.
async fn paced(plan: &Plan, is_told: bool) -> anyhow::Result<Figures> {
    let clock = Clock::start();
    let told = Rc::new(RefCell::new(Told::default()));
    let endpoint = endpoint(clock, told.clone()).await?;
    let server = server(plan, is_told.then_some(endpoint))?;
    let rooms = rooms(&server, SENDERS).await?;
    let count = MESSAGES * plan.time(SECONDS).as_secs();
    let meter = Meter::start(&server);
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for (index, room) in (0..).zip(rooms) {
        let own = (0..count).filter(|number| number % SENDERS as u64 == index);
        let times = own.map(|number| begun + Duration::from_micros(1_000_000 * number / MESSAGES));
        tasks.push(spawn_local(send(room, times.collect(), clock, told.clone())));
    }
    let mut acks = Latencies::default();
    for task in tasks {
        acks.extend(task.await??);
    }
    let mut figures = Figures::new();
    if is_told {
        let wanted = usize::try_from(count)?;
        settle(|| told.borrow().count >= wanted).await;
        figures.insert("lost", wanted.saturating_sub(told.borrow().count) as f64);
        let delays = std::mem::take(&mut told.borrow_mut().delays);
        delays.report(["told_p50_ms", "told_p99_ms", "told_max_ms"], &mut figures);
    }
    let used = meter.stop(&server, &mut figures);
    acks.report(["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], &mut figures);
    figures.insert("server_us_per_event", each(used, count));
    Ok(figures)
}

/// As fast as it goes: what waits in many rooms, once everybody has sent it.
async fn backlog(plan: &Plan) -> anyhow::Result<Figures> {
    let clock = Clock::start();
    let told = Rc::new(RefCell::new(Told::default()));
    let endpoint = endpoint(clock, told.clone()).await?;
    let server = server(plan, Some(endpoint))?;
    let rooms = rooms(&server, BACKLOG_ROOMS).await?;
    let each_room = plan.count(BACKLOG as usize);
    let wanted = each_room * BACKLOG_ROOMS;
    let meter = Meter::start(&server);
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for room in rooms {
        tasks.push(spawn_local(send(room, vec![begun; each_room], clock, told.clone())));
    }
    let mut acks = Latencies::default();
    for task in tasks {
        acks.extend(task.await??);
    }
    let sent = begun.elapsed();
    settle(|| told.borrow().count >= wanted).await;
    let took = begun.elapsed();
    let mut figures = Figures::new();
    let used = meter.stop(&server, &mut figures);
    figures.insert("lost", wanted.saturating_sub(told.borrow().count) as f64);
    figures.insert("acked_per_s", wanted as f64 / sent.as_secs_f64());
    figures.insert("events_per_s", wanted as f64 / took.as_secs_f64());
    figures.insert("server_us_per_event", each(used, wanted as u64));
    Ok(figures)
}

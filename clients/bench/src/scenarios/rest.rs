//! The same over REST and over a connection: pages of history, and sends, as many as go.

use std::{cell::RefCell, rc::Rc, time::Duration};

use anyhow::ensure;
use caffis_schema::{
    Command, Position, RoomId,
    command::{Anchor, History},
};
use tokio::{task::spawn_local, time::Instant};

use super::{Cell, Meter, Plan, each, group, join, key, now, person};
use crate::{
    frames::{self, Came, Clock, TEXT_BYTES},
    http::Http,
    server::{Server, Start},
    tally::{Figures, Latencies},
    token,
    wire::{Shared, Wire},
};

/// Callers, each with a connection, a room of their own, and one request under way.
const CALLERS: usize = 16;

/// Messages in each room, and in a page.
const MESSAGES: u32 = 200;
const PAGE: u8 = 100;

/// What is asked again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    History,
    Send,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Rest,
    WebSocket,
}

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for (asked, what) in [(Asked::History, "history of 100"), (Asked::Send, "send, durable")] {
        for (over, how) in [(Over::Rest, "REST"), (Over::WebSocket, "websocket")] {
            let variant = format!("{what}, {CALLERS} closed-loop callers, {how}");
            if plan.wants(&variant) {
                let server = Start::new(&plan.server).listening()?;
                let figures = measure(&server, plan.time(5), asked, over).await?;
                cells.push(Cell { scenario: "rest", variant, figures });
            }
        }
    }
    Ok(cells)
}

async fn measure(
    server: &Server,
    time: Duration,
    asked: Asked,
    over: Over,
) -> anyhow::Result<Figures> {
    let clock = Clock::start();
    let mut callers = Vec::new();
    for (index, mut wire) in
        join(server.address, 0, CALLERS, &Shared::new()).await?.into_iter().enumerate()
    {
        let room = group(&mut wire, index as u64 + 1, Vec::new()).await?;
        fill(&mut wire, room, clock).await?;
        let head = wire.open(room).await?.page.head;
        let http = Http::connect(server.address).await?;
        let token = token::mint(&person(index));
        callers.push(Caller { index, room, head, wire, http, token, clock });
    }
    let times = Rc::new(RefCell::new(Latencies::default()));
    let meter = Meter::start(server);
    let stop = Instant::now() + time;
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| spawn_local(caller.run(asked, over, stop, times.clone())))
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    let mut figures = Figures::new();
    let used = meter.stop(server, &mut figures);
    figures.insert("requests_per_s", count as f64 / time.as_secs_f64());
    figures.insert("server_us_per_request", each(used, count));
    times.take().report(["p50_ms", "p99_ms", "max_ms"], &mut figures);
    Ok(figures)
}

/// Fills a room with messages.
async fn fill(wire: &mut Wire, room: RoomId, clock: Clock) -> anyhow::Result<()> {
    for number in 0..MESSAGES {
        let key = key((1_000 + number).into(), Position(number.into()));
        wire.send(&frames::message(1_000 + number, room, key, clock.now())).await?;
    }
    let mut done = 0;
    while done < MESSAGES {
        wire.receive(|payload| {
            done += u32::from(matches!(frames::came(payload), Came::Answer { done: true, .. }));
        })
        .await?;
    }
    Ok(())
}

struct Caller {
    index: usize,
    room: RoomId,
    head: Position,
    wire: Wire,
    http: Http,
    token: String,
    clock: Clock,
}

impl Caller {
    async fn run(
        mut self,
        asked: Asked,
        over: Over,
        stop: Instant,
        times: Rc<RefCell<Latencies>>,
    ) -> anyhow::Result<u64> {
        let mut count = 0;
        while Instant::now() < stop {
            let begun = self.clock.now();
            match (asked, over) {
                (Asked::History, Over::Rest) => self.page_over_rest().await?,
                (Asked::History, Over::WebSocket) => self.page_over_websocket().await?,
                (Asked::Send, Over::Rest) => self.send_over_rest(count).await?,
                (Asked::Send, Over::WebSocket) => self.send_over_websocket(count).await?,
            }
            times.borrow_mut().add(self.clock.since(begun));
            count += 1;
        }
        Ok(count)
    }

    async fn page_over_rest(&mut self) -> anyhow::Result<()> {
        let line = format!("GET /api/chat/rooms/{}/entries?limit={PAGE}", self.room);
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        let length = self.http.request(&line, &headers, "").await?;
        ensure!(length > usize::from(PAGE) * TEXT_BYTES, "a page of {length} bytes");
        Ok(())
    }

    async fn page_over_websocket(&mut self) -> anyhow::Result<()> {
        let command = History { room: self.room, anchor: Anchor::Latest, limit: PAGE };
        self.wire.send(&frames::request(5, Command::History(command))).await?;
        self.done(5).await
    }

    async fn send_over_rest(&mut self, number: u64) -> anyhow::Result<()> {
        let line = format!("POST /api/chat/rooms/{}/messages", self.room);
        // A UUID of version 7: the time, and what tells it from others.
        let id = (u128::from(now().get()) << 80)
            | (7 << 76)
            | (2 << 62)
            | (u128::from(number) << 8)
            | self.index as u128;
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/json\r\nIdempotency-Key: {id:032x}\r\n",
            self.token
        );
        let text = "x".repeat(TEXT_BYTES);
        let body = format!(r#"{{"body":{{"text":{{"text":"{text}"}}}}}}"#);
        self.http.request(&line, &headers, &body).await.map(|_| ())
    }

    async fn send_over_websocket(&mut self, number: u64) -> anyhow::Result<()> {
        let id = 10_000 + u32::try_from(number)?;
        let key = key(u128::from(number) + 1_000_000, self.head + number);
        self.wire.send(&frames::message(id, self.room, key, self.clock.now())).await?;
        self.done(id).await
    }

    /// Waits until a command is done. The answer is not decoded, as it is not over REST.
    async fn done(&mut self, id: u32) -> anyhow::Result<()> {
        let mut answered = None;
        while answered.is_none() {
            self.wire
                .receive(|payload| match frames::came(payload) {
                    Came::Answer { id: of, done } if of == id => answered = Some(done),
                    _ => {}
                })
                .await?;
        }
        ensure!(answered == Some(true), "a command was refused");
        Ok(())
    }
}

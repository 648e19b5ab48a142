//! One sender, many receivers in one open room.

use std::{cell::RefCell, rc::Rc, time::Duration};

use anyhow::Context as _;
use caffis_schema::{Position, RoomId};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{Cell, Meter, Plan, cafe, each, join, key, settle};
use crate::{
    floor,
    frames::{self, Came, Clock},
    server::{Server, Start},
    tally::{Figures, Latencies, Order},
    wire::{Shared, Wire},
};

/// Receivers and messages per second. 2,000 a second shows coalescing, 9,000 receivers the cost of a
/// message in a very large room.
const VARIANTS: &[(usize, u64)] =
    &[(100, 10), (100, 100), (1_000, 10), (1_000, 100), (100, 2_000), (9_000, 2)];

/// How long the receivers may take to connect and open the room.
const WALK_IN: Duration = Duration::from_secs(120);

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for (receivers, rate) in VARIANTS {
        let receivers = plan.count(*receivers);
        let variant = format!("1 to {receivers} at {rate}/s, websocket");
        if !plan.wants(&variant) {
            continue;
        }
        let server = Start::new(&plan.server).listening()?;
        let mut figures = measure(&server, receivers, *rate, plan.time(5)).await?;
        drop(server);
        let floor = floor::send_loop(receivers.min(1_000), *rate, plan.time(2)).await?;
        figures.insert("floor_us_per_delivery", floor);
        if let Some(cost) = figures.get("server_us_per_delivery") {
            figures.insert("times_the_floor", cost / floor);
        }
        cells.push(Cell { scenario: "fanout", variant, figures });
    }
    Ok(cells)
}

/// What all receivers heard.
#[derive(Default)]
struct Heard {
    deliveries: u64,
    latencies: Latencies,
    orders: Vec<Order>,
}

async fn measure(
    server: &Server,
    receivers: usize,
    rate: u64,
    time: Duration,
) -> anyhow::Result<Figures> {
    let shared = Shared::new();
    let clock = Clock::start();
    let mut sender = join(server.address, 0, 1, &shared).await?.remove(0);
    let room = cafe(&mut sender, "fanout").await?;
    let begin = sender.open(room).await?.page.head;
    let heard = Rc::new(RefCell::new(Heard::default()));
    let mut tasks = Vec::new();
    let walk_in = timeout(WALK_IN, async {
        let mut wires = join(server.address, 1, receivers, &shared).await?;
        for wire in &mut wires {
            wire.open(room).await?;
        }
        anyhow::Ok(wires)
    });
    for wire in walk_in.await.context("the receivers did not get in")?? {
        tasks.push(receive(wire, begin, clock, Rc::clone(&heard)));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;

    let meter = Meter::start(server);
    let started = Instant::now();
    let acks = Rc::new(RefCell::new((0_u64, Latencies::default())));
    let (sent, sender) = send(sender, (room, begin), rate, time, clock, &acks).await?;
    let expected = sent * receivers as u64;
    settle(|| heard.borrow().deliveries >= expected && acks.borrow().0 >= sent).await;
    let mut figures = Figures::new();
    let used = meter.stop(server, &mut figures);
    sender.abort();
    tasks.iter().for_each(JoinHandle::abort);

    let heard = heard.take();
    figures.insert("deliveries_per_s", heard.deliveries as f64 / started.elapsed().as_secs_f64());
    figures.insert("server_us_per_delivery", each(used, heard.deliveries));
    figures.insert("server_us_per_message", each(used, sent));
    heard.latencies.report(["receive_p50_ms", "receive_p99_ms", "receive_max_ms"], &mut figures);
    acks.take().1.report(["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], &mut figures);
    for order in &heard.orders {
        order.report(begin + sent, &mut figures);
    }
    Ok(figures)
}

fn receive(
    mut wire: Wire,
    begin: Position,
    clock: Clock,
    heard: Rc<RefCell<Heard>>,
) -> JoinHandle<()> {
    let index = {
        let mut heard = heard.borrow_mut();
        heard.orders.push(Order::after(begin));
        heard.orders.len() - 1
    };
    spawn_local(async move {
        let take = |payload: &[u8]| {
            if let Came::Entry { position, sent: Some(sent), .. } = frames::came(payload) {
                let heard = &mut *heard.borrow_mut();
                heard.deliveries += 1;
                heard.latencies.add(clock.since(sent));
                heard.orders[index].take(position);
            }
        };
        while wire.receive(take).await.is_ok() {}
    })
}

/// Sends at this rate; returns how many messages were sent, and the task that reads the answers.
async fn send(
    mut wire: Wire,
    (room, begin): (RoomId, Position),
    rate: u64,
    time: Duration,
    clock: Clock,
    acks: &Rc<RefCell<(u64, Latencies)>>,
) -> anyhow::Result<(u64, JoinHandle<()>)> {
    let mut writer = wire.writer();
    let times: Rc<RefCell<Vec<u64>>> = Rc::default();
    let (heard, asked) = (Rc::clone(acks), Rc::clone(&times));
    let task = spawn_local(async move {
        let take = |payload: &[u8]| {
            if let Came::Answer { id, done: true } = frames::came(payload)
                && let Some(sent) = asked.borrow().get(id as usize)
            {
                let (count, latencies) = &mut *heard.borrow_mut();
                *count += 1;
                latencies.add(clock.since(*sent));
            }
        };
        while wire.receive(take).await.is_ok() {}
    });
    // Rates above a thousand a second are sent in bursts.
    let burst = rate.div_ceil(1_000);
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(rate / burst)?);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let total = rate * time.as_millis() as u64 / 1_000;
    for number in 0..total {
        if number % burst == 0 {
            pace.tick().await;
        }
        let at = clock.now();
        times.borrow_mut().push(at);
        let id = u32::try_from(number)?;
        // Nobody else writes.
        let key = key(u128::from(number) + 1, begin + acks.borrow().0);
        writer.send(&frames::message(id, room, key, at)).await?;
    }
    Ok((total, task))
}

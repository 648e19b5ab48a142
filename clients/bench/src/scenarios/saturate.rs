//! As much as goes: 64 people in 32 rooms of two, each sending the next message when the last one is
//! acknowledged, which means durable.

use std::{cell::RefCell, rc::Rc, time::Duration};

use caffis_schema::{Position, RoomId};
use tokio::{task::spawn_local, time::Instant};

use super::{Cell, Meter, Plan, each, group, join, key, person};
use crate::{
    frames::{self, Came, Clock},
    server::Start,
    tally::{Figures, Latencies, Order},
    wire::{Shared, Wire},
};

const SENDERS: usize = 64;

/// After the last send, how long the last entries may take.
const TAIL: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Heard {
    acks: Latencies,
    acked: Vec<u64>,
    refused: u64,
}

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let server = Start::new(&plan.server).listening()?;
    let shared = Shared::new();
    let clock = Clock::start();
    let mut wires = join(server.address, 0, SENDERS, &shared).await?;
    let mut places = Vec::new();
    for number in 0..SENDERS / 2 {
        let other = vec![person(2 * number + 1)];
        let room = group(&mut wires[2 * number], number as u64 + 1, other).await?;
        for wire in &mut wires[2 * number..2 * number + 2] {
            places.push((room, wire.open(room).await?.page.head));
        }
    }
    let heard = Rc::new(RefCell::new(Heard { acked: vec![0; SENDERS], ..Heard::default() }));
    tokio::time::sleep(Duration::from_millis(300)).await;

    let time = plan.time(5);
    let meter = Meter::start(&server);
    let stop = Instant::now() + time;
    let mut tasks = Vec::new();
    for (index, (wire, (room, begin))) in wires.into_iter().zip(&places).enumerate() {
        let sender = Sender { index, room: *room, clock, stop, heard: Rc::clone(&heard) };
        tasks.push(spawn_local(sender.run(wire, *begin)));
    }
    tokio::time::sleep_until(stop).await;
    let mut figures = Figures::new();
    let used = meter.stop(&server, &mut figures);
    let total: u64 = heard.borrow().acked.iter().sum();
    let mut orders = Vec::new();
    for task in tasks {
        orders.push(task.await??);
    }
    let heard = heard.take();
    figures.insert("acked_per_s", total as f64 / time.as_secs_f64());
    figures.insert("server_us_per_message", each(used, total));
    figures.insert("refused", heard.refused as f64);
    heard.acks.report(["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], &mut figures);
    for (index, order) in orders.iter().enumerate() {
        let pair = index / 2 * 2;
        let head = places[index].1 + heard.acked[pair] + heard.acked[pair + 1];
        order.report(head.max(orders[index ^ 1].last()), &mut figures);
    }
    let variant = format!("{SENDERS} closed-loop senders in rooms of 2, durable, websocket");
    Ok(vec![Cell { scenario: "saturate", variant, figures }])
}

struct Sender {
    index: usize,
    room: RoomId,
    clock: Clock,
    stop: Instant,
    heard: Rc<RefCell<Heard>>,
}

impl Sender {
    async fn run(self, mut wire: Wire, begin: Position) -> anyhow::Result<Order> {
        let mut order = Order::after(begin);
        let mut number = 100_u32;
        while Instant::now() < self.stop {
            number += 1;
            let sent = self.clock.now();
            let key = key(number.into(), order.last());
            wire.send(&frames::message(number, self.room, key, sent)).await?;
            let mut answered = None;
            while answered.is_none() {
                wire.receive(|payload| match frames::came(payload) {
                    Came::Entry { position, .. } => order.take(position),
                    Came::Answer { id, done } if id == number => answered = Some(done),
                    _ => {}
                })
                .await?;
            }
            let heard = &mut *self.heard.borrow_mut();
            if answered == Some(true) {
                heard.acked[self.index] += 1;
                heard.acks.add(self.clock.since(sent));
            } else {
                heard.refused += 1;
            }
        }
        // The other one's last messages.
        let quiet = Duration::from_millis(500);
        let end = Instant::now() + TAIL;
        while Instant::now() < end {
            let take = |payload: &[u8]| {
                if let Came::Entry { position, .. } = frames::came(payload) {
                    order.take(position);
                }
            };
            if tokio::time::timeout(quiet, wire.receive(take)).await.is_err() {
                break;
            }
        }
        Ok(order)
    }
}

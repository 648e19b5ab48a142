//! Many small rooms: 200 groups of five people, one message a second in each.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use caffis_schema::RoomId;
use tokio::{
    task::{JoinHandle, spawn_local},
    time::{MissedTickBehavior, interval},
};

use super::{Cell, Meter, Plan, each, group, join, key, person, settle};
use crate::{
    frames::{self, Came, Clock},
    server::Start,
    tally::{Figures, Latencies, Order},
    wire::{Shared, Wire, Writer},
};

const ROOMS: usize = 200;
const PEOPLE: usize = 5;

#[derive(Default)]
struct Heard {
    acked: u64,
    deliveries: u64,
    acks: Latencies,
    latencies: Latencies,
    /// By person.
    orders: Vec<Order>,
    /// When a person's command was sent, by person and command.
    asked: BTreeMap<(usize, u32), u64>,
}

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let rooms = plan.count(ROOMS);
    let server = Start::new(&plan.server).listening()?;
    let shared = Shared::new();
    let clock = Clock::start();
    let mut wires = join(server.address, 0, rooms * PEOPLE, &shared).await?;
    let heard = Rc::new(RefCell::new(Heard::default()));
    let mut places: Vec<RoomId> = Vec::new();
    let mut begins = Vec::new();
    for (number, wires) in wires.chunks_mut(PEOPLE).enumerate() {
        let first = number * PEOPLE;
        let others = (first + 1..first + PEOPLE).map(person).collect();
        let room = group(&mut wires[0], number as u64 + 1, others).await?;
        for wire in wires {
            let head = wire.open(room).await?.page.head;
            heard.borrow_mut().orders.push(Order::after(head));
            begins.push(head);
        }
        places.push(room);
    }
    let mut writers: Vec<Writer> = wires.iter().map(Wire::writer).collect();
    let tasks: Vec<_> = wires
        .into_iter()
        .enumerate()
        .map(|(index, wire)| receive(wire, index, clock, Rc::clone(&heard)))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;

    let meter = Meter::start(&server);
    let seconds = plan.time(10).as_secs();
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(rooms)?);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for second in 0..seconds {
        for (number, room) in places.iter().enumerate() {
            pace.tick().await;
            let who = number * PEOPLE + second as usize % PEOPLE;
            let id = 100 + u32::try_from(second)?;
            // The messages of the seconds before are there.
            let key = key(u128::from(second) + 1, begins[who] + second.saturating_sub(1));
            let at = clock.now();
            heard.borrow_mut().asked.insert((who, id), at);
            writers[who].send(&frames::message(id, *room, key, at)).await?;
        }
    }
    let sent = seconds * rooms as u64;
    let expected = sent * PEOPLE as u64;
    settle(|| heard.borrow().deliveries >= expected && heard.borrow().acked >= sent).await;
    let mut figures = Figures::new();
    let used = meter.stop(&server, &mut figures);
    tasks.iter().for_each(JoinHandle::abort);

    let heard = heard.take();
    figures.insert("messages_per_s", sent as f64 / seconds as f64);
    figures.insert("server_us_per_delivery", each(used, heard.deliveries));
    heard.acks.report(["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], &mut figures);
    heard.latencies.report(["receive_p50_ms", "receive_p99_ms", "receive_max_ms"], &mut figures);
    for (order, begin) in heard.orders.iter().zip(begins) {
        order.report(begin + seconds, &mut figures);
    }
    let variant = format!("{rooms} rooms of {PEOPLE}, 1/s each, websocket");
    Ok(vec![Cell { scenario: "rooms", variant, figures }])
}

fn receive(
    mut wire: Wire,
    index: usize,
    clock: Clock,
    heard: Rc<RefCell<Heard>>,
) -> JoinHandle<()> {
    spawn_local(async move {
        let take = |payload: &[u8]| {
            let heard = &mut *heard.borrow_mut();
            match frames::came(payload) {
                Came::Entry { position, sent: Some(sent), .. } => {
                    heard.deliveries += 1;
                    heard.latencies.add(clock.since(sent));
                    heard.orders[index].take(position);
                }
                Came::Answer { id, done: true } => {
                    if let Some(sent) = heard.asked.remove(&(index, id)) {
                        heard.acked += 1;
                        heard.acks.add(clock.since(sent));
                    }
                }
                _ => {}
            }
        };
        while wire.receive(take).await.is_ok() {}
    })
}

//! What is told of a command for traces, on every node that has part in it.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_conformance::bus::faulty::Plan;
use caffis_core::traces::TARGET;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::several::Several;

/// The steps that were told: of which command, which, and how many took part.
type Steps = Arc<Mutex<Vec<Step>>>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Step {
    command: u128,
    step: String,
    name: String,
    error: String,
    count: u64,
}

struct Listener(Steps);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut step = Step::default();
        event.record(&mut step);
        self.0.lock().expect("no panic").push(step);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Step {
    fn record_u128(&mut self, _: &Field, value: u128) {
        self.command = value;
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "count" {
            self.count = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "step" => value.clone_into(&mut self.step),
            "name" => value.clone_into(&mut self.name),
            "error" => value.clone_into(&mut self.error),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[tokio::test(start_paused = true)]
async fn a_message_is_followed_from_its_frame_to_the_sessions_of_every_node() {
    let several = Several::start(3, 5, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut readers = Vec::new();
    for (node, name) in [(2, "marco"), (3, "anna")] {
        readers.push(several.connect(node, name).await);
    }
    let room = loop {
        let room = giulia.group(&["marco", "anna"]).await;
        if several.owner(room) == 2 {
            break room;
        }
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let steps = Steps::default();
    let key = giulia.key();
    {
        let _listening = tracing::subscriber::set_default(Listener(steps.clone()));
        // Another test may just be registering a step, and knows of no listener.
        for _ in 0..100 {
            tracing::callsite::rebuild_interest_cache();
            giulia.send(room, "before").await.expect("sent");
            for reader in &mut readers {
                assert_eq!(reader.heard().await, ["before"]);
            }
            if !std::mem::take(&mut *steps.lock().expect("no panic")).is_empty() {
                break;
            }
        }
        giulia.send_as(key, room, "ciao").await.expect("sent");
        for reader in &mut readers {
            assert_eq!(reader.heard().await, ["ciao"]);
        }
        giulia.send_as(key, room, "something else").await.expect_err("the key was used");
    }
    let told = steps.lock().expect("no panic").clone();
    assert!(told.iter().all(|step| step.command == u128::from_be_bytes(key.id.0)), "{told:?}");
    let of = |wanted: &str| told.iter().filter(|step| step.step == wanted).collect::<Vec<_>>();
    let [first, second] = of("command")[..] else { panic!("{told:?}") };
    assert_eq!((&*first.name, &*first.error), ("send", ""));
    assert_eq!((&*second.name, &*second.error), ("send", "client_id_reused"));
    assert_eq!(of("forward").len(), 2, "{told:?}");
    assert_eq!(of("append").iter().map(|step| step.count).collect::<Vec<_>>(), [1]);
    // One session on each node.
    let delivered: Vec<u64> = of("deliver").iter().map(|step| step.count).collect();
    assert_eq!(delivered, [1, 1, 1], "{told:?}");
}

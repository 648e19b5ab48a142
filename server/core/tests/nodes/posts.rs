//! What comes by POST to one node for a connection of another.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use caffis_conformance::bus::faulty::Plan;
use caffis_core::{
    Core,
    ports::posts::{Posts, Taking},
};
use caffis_schema::{Error, ErrorCode, Outcome};

use crate::several::Several;

/// Takes what begins with a digit, and keeps it.
#[derive(Default)]
struct Kept(Mutex<Vec<Bytes>>);

impl Kept {
    fn of(core: &Core) -> Arc<Self> {
        let kept = Arc::new(Self::default());
        core.take_posts(kept.clone());
        kept
    }

    fn all(&self) -> Vec<Bytes> {
        self.0.lock().expect("no panic").clone()
    }
}

impl Posts for Kept {
    fn take(&self, body: Bytes) -> Taking {
        let taken = match body.first() {
            Some(b'0'..=b'9') => {
                self.0.lock().expect("no panic").push(body);
                Ok(())
            }
            _ => Err(Error::later(ErrorCode::Conflict, "It comes too early.", 500)),
        };
        Box::pin(std::future::ready(taken))
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_reaches_its_node_from_every_node_and_is_answered_as_there() {
    let several = Several::start(2, 1, Plan::default()).await;
    let [one, two] = [1, 2].map(|number| &several.nodes[&number].core);
    let (here, there) = (Kept::of(one), Kept::of(two));
    let node = one.node().expect("one of several").get();
    for core in [one, two] {
        assert_eq!(core.pass_post(node, "1".into()).await, Ok(()));
        let refused = core.pass_post(node, "early".into()).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::Conflict, Some(500)));
    }
    assert_eq!((here.all().len(), there.all().len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_asked_again_over_the_bus_comes_once() {
    let plan = Plan { lost_replies: 400, lost_requests: 300, ..Plan::default() };
    let several = Several::start(2, 7, Plan::default()).await;
    let [one, two] = [1, 2].map(|number| &several.nodes[&number].core);
    let kept = Kept::of(one);
    let node = one.node().expect("one of several").get();
    several.faults.set_plan(plan);
    let (mut known, mut unknown) = (0, 0);
    for number in 0..40 {
        match two.pass_post(node, number.to_string().into()).await {
            Ok(()) => known += 1,
            Err(error) => {
                assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Unknown));
                unknown += 1;
            }
        }
    }
    let mut all = kept.all();
    assert!(known > 20 && (known..=known + unknown).contains(&all.len()), "{known} {unknown}");
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "something came twice");
}

#[tokio::test(start_paused = true)]
async fn a_post_for_a_node_that_is_gone_or_takes_none_has_no_stream() {
    let mut several = Several::start(2, 1, Plan::default()).await;
    let nodes = [1, 2].map(|number| several.nodes[&number].core.node().expect("one of several"));
    let core = several.nodes[&1].core.clone();
    let _kept = Kept::of(&core);
    for node in [nodes[1].get(), 7, u64::MAX] {
        let refused = core.pass_post(node, "1".into()).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::NotFound, None));
    }
    several.faults.isolate(nodes[1], &nodes);
    let silent = core.pass_post(nodes[1].get(), "1".into()).await.unwrap_err();
    assert_eq!((silent.code, silent.outcome), (ErrorCode::Unavailable, Outcome::Unknown));
    several.faults.heal();
    several.crash(2);
}

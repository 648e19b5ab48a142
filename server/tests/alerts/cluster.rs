//! A node without its bus, and then without its store.

use crate::{
    common::{Over, Person},
    nodes::{Ground, until},
    watching::Watch,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_node_loses_its_bus_and_then_its_store() {
    let mut ground = Ground::start().await;
    let times = [
        "--lease-time",
        "15s",
        "--lease-drift",
        "1s",
        "--idle-timeout",
        "5m",
        "--drain-within",
        "15s",
        "--session-queue-bytes",
        "64KiB",
    ];
    let mut node = ground.node("one").metrics().flags(&times).start().await;
    until(&node, |status| status.unowned == 0).await;
    // Somebody who reads nothing holds the drain for as long as it waits for them.
    let mut giulia = Person::enter(&node, "giulia", Over::WebSocket).await;
    let _marco = Person::enter(&node, "marco", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let text = "è".repeat(7_000);
    while node.scrape().await.value("caffis_queue_drops_total", &[]) == 0.0 {
        for _ in 0..50 {
            giulia.say(room, &text).await.unwrap();
        }
    }
    let watch = Watch::over(&[node.metrics()]).await;
    ground.redis.kill();
    watch.sees(&["CaffisBusDown"]).await;
    ground.cql.nodes()[0].kill();
    watch.sees(&["CaffisLeaseRenewalsFailing", "CaffisStoreFailing"]).await;
    let lost = node
        .scrape_until("the end of the lease", |scrape| {
            scrape.value("caffis_lease_held", &[]) == 0.0
        })
        .await;
    assert_eq!(lost.value("caffis_not_ready", &[("reason", "no_lease")]), 1.0);
    watch.sees(&["CaffisShardsUnowned"]).await;
    assert_eq!(node.ended().await.code(), Some(1));
}

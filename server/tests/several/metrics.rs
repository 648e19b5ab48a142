//! What nodes tell Prometheus of each other.

use crate::{
    common::{Over, Scrape},
    nodes::{Ground, friend, until},
};

fn shards(scrape: &Scrape, owner: &str) -> f64 {
    scrape.value("caffis_shards", &[("owner", owner)])
}

fn renewed(scrape: &Scrape) -> f64 {
    scrape.value("caffis_lease_renewals_total", &[("result", "renewed")])
}

fn calls(scrape: &Scrape, operation: &str) -> f64 {
    scrape.value("caffis_bus_duration_seconds_count", &[("operation", operation)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn two_nodes_count_their_calls_and_their_shards() {
    let mut ground = Ground::start().await;
    let one = ground.node("one").metrics().start().await;
    let two = ground.node("two").metrics().start().await;
    let split = |status: &caffis_chat::control::ClusterStatus| {
        status.unowned == 0 && status.nodes.iter().filter(|node| node.shards > 100).count() == 2
    };
    until(&one, split).await;
    until(&two, split).await;
    let (first, second) = (one.scrape().await, two.scrape().await);
    assert_eq!(shards(&first, "here") + shards(&second, "here"), 256.0);
    for scrape in [&first, &second] {
        assert_eq!(shards(scrape, "here") + shards(scrape, "elsewhere"), 256.0);
        assert_eq!(shards(scrape, "nobody"), 0.0);
        assert_eq!(scrape.value("caffis_lease_held", &[]), 1.0);
        assert_eq!(scrape.sum("caffis_not_ready", &[]), 0.0);
        assert_eq!(scrape.value("caffis_build_info", &[("store", "shared")]), 1.0);
    }
    one.scrape_until("renewals", |scrape| renewed(scrape) >= renewed(&first) + 2.0).await;
    let swaps = |scrape: &Scrape| {
        let labels = [("operation", "compare_and_set")];
        scrape.value("caffis_store_duration_seconds_count", &labels)
    };
    assert!(swaps(&one.scrape().await) >= renewed(&first) + 2.0);
    // Of six rooms, some belong to the other node.
    let giulia = friend(&[&one], "giulia", Over::WebSocket).await;
    let marco = friend(&[&two], "marco", Over::WebSocket).await;
    for _ in 0..6 {
        let room = giulia.group(&[&marco]).await;
        giulia.say(room, "Are you on the other node?").await;
        marco.hears(room, "Are you on the other node?").await;
    }
    let asked = one
        .scrape_until("questions and news", |scrape| {
            calls(scrape, "request") > calls(&first, "request")
                && calls(scrape, "publish") > calls(&first, "publish")
        })
        .await;
    assert_eq!(asked.value("caffis_bus_gaps_total", &[]), 0.0);
    let away =
        |scrape: &Scrape| scrape.value("caffis_bus_errors_total", &[("error", "unavailable")]);
    assert_eq!(away(&asked), 0.0);
    ground.redis.kill();
    one.scrape_until("calls that fail", |scrape| away(scrape) > 0.0).await;
    ground.redis.restart();
    one.scrape_until("a gap", |scrape| scrape.value("caffis_bus_gaps_total", &[]) > 0.0).await;
}

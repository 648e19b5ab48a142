//! `/metrics`: where it is, and that each metric counts what it says.

mod connections;
mod documents;
mod messages;

use crate::common::{Setup, http};

#[tokio::test]
async fn metrics_are_served_on_their_own_addresses_only() {
    let server = Setup::dev().metrics().start().await;
    let answer = http().get(server.url("/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let url = |path: &str| format!("http://{}{path}", server.metrics());
    let answer = http().get(url("/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for path in ["/", "/healthz", "/api/chat/connect", "/api/chat/ws"] {
        let answer = http().get(url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    assert_eq!(http().post(url("/metrics")).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn metrics_are_served_nowhere_by_default() {
    let server = Setup::dev().start().await;
    let ports = std::fs::read_to_string(server.setup.data().join("ports.json")).unwrap();
    assert!(!ports.contains("metrics"), "{ports}");
}

#[tokio::test]
async fn a_bad_address_for_metrics_stops_the_start() {
    let setup = |address: &str| Setup::dev().flags(&["--metrics-listen", address]);
    setup("everywhere").fail().await.refused(&["--metrics-listen", "`everywhere`", "127.0.0.1:"]);
    setup("0.0.0.0:0").fail().await.refused(&["loopback only", "0.0.0.0:0"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    setup(&address).fail().await.refused(&["cannot serve metrics on", &address]);
}

#[tokio::test]
async fn the_server_and_its_process_say_what_they_are() {
    let server = Setup::dev().metrics().flags(&["--store-reserve", "3MiB"]).start().await;
    let first = server.scrape().await;
    let about = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("protocol", "1"),
        ("store", "embedded"),
        ("revision", option_env!("CAFFIS_REVISION").unwrap_or("unknown")),
    ];
    assert_eq!(first.value("caffis_build_info", &about), 1.0);
    assert_eq!(first.sum("caffis_not_ready", &[]), 0.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = now.as_secs_f64();
    let started = first.value("process_start_time_seconds", &[]);
    assert!((now - 60.0..=now).contains(&started), "{started}");
    let days = (first.value("caffis_certificate_expiry_timestamp_seconds", &[]) - now) / 86_400.0;
    assert!((1.0..14.0).contains(&days), "{days}");
    assert_eq!(first.value("caffis_store_reserve_bytes", &[]), 3.0 * 1024.0 * 1024.0);
    assert!(first.value("caffis_store_free_bytes", &[]) > 0.0);
    assert!(first.value("process_resident_memory_bytes", &[]) > 1e6);
    // Somebody keeps files open, and uses the processor.
    let open = first.value("process_open_fds", &[]);
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(tokio::net::TcpStream::connect(server.tcp()).await.unwrap());
    }
    let busy = server.scrape_until("files and time", |scrape| {
        scrape.value("process_open_fds", &[]) >= open + 15.0
            && scrape.value("process_cpu_seconds_total", &[])
                > first.value("process_cpu_seconds_total", &[])
    });
    assert!(busy.await.value("process_max_fds", &[]) >= open + 20.0);
    // A process on its own owns everything.
    assert_eq!(first.value("caffis_lease_held", &[]), 1.0);
    assert_eq!(first.value("caffis_shards", &[("owner", "here")]), 256.0);
    assert_eq!(first.sum("caffis_shards", &[]), 256.0);
    assert_eq!(first.sum("caffis_bus_duration_seconds_count", &[]), 0.0);
    // After another start, another process counts.
    let setup = server.setup.clone();
    assert_eq!(server.stop().await.code(), Some(0));
    let again = setup.start().await;
    assert!(again.scrape().await.value("process_start_time_seconds", &[]) > started);
}

//! A process that dies again and again.

use std::net::TcpListener;

use crate::{disk::Disk, watching::Watch};

const STARTED: &str = "process_start_time_seconds";

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn a_server_that_dies_and_is_started_again() {
    // At the same address each time.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = Disk::quick().dev().flags(&["--metrics-listen", &address.to_string()]);
    let mut server = setup.start().await;
    let watch = Watch::over(&[address]).await;
    for _ in 0..3 {
        server.kill().await;
        watch.until("the end", "up{job=\"caffis-chat\"}", |up| up == 0.0).await;
        watch.sees(&["CaffisDown"]).await;
        server = setup.start().await;
        let started = server.scrape().await.value(STARTED, &[]);
        let is_new = |seen: f64| (seen - started).abs() < 0.001;
        let query = format!("{STARTED}{{job=\"caffis-chat\"}}");
        watch.until("the new process", &query, is_new).await;
    }
    watch.sees(&["CaffisRestarting"]).await;
}

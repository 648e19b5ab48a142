//! Services that do not take what they are told.

use axum::{Router, http::StatusCode, routing::post};
use tokio::net::TcpListener;

use crate::{
    common::{Over, Person},
    disk::Disk,
    watching::Watch,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn services_that_refuse_webhooks_and_services_that_are_not_well() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let services = Router::new()
        .route("/refuses", post(|| async { StatusCode::BAD_REQUEST }))
        .route("/fails", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }));
    tokio::spawn(async move { axum::serve(listener, services).await.unwrap() });
    let urls = format!("refuses:{url}/refuses,fails:{url}/fails");
    let server = Disk::quick()
        .setup()
        .variable("CAFFIS_HOOK_OUT_SECRETS", &format!("refuses:{SECRET},fails:{SECRET}"))
        .flags(&["--hook-out-urls", &urls])
        .flags(&["--hook-out-kinds", "refuses:*,fails:*"])
        .flags(&["--hook-out-networks", "127.0.0.0/8"])
        .start()
        .await;
    let watch = Watch::over(&[server.metrics()]).await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    giulia.say(room, "ciao").await.unwrap();
    watch.sees(&["CaffisHooksDead", "CaffisHooksWaiting"]).await;
}

//! Traces, as a collector gets them.

use std::time::Duration;

use axum::{Router, body::Bytes, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message as _;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::common::{Over, Person, Setup, fresh_key};

/// Longer than spans wait before they are sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// A collector of traces.
struct Collector {
    address: String,
    requests: mpsc::Receiver<ExportTraceServiceRequest>,
}

impl Collector {
    async fn start() -> Self {
        let (sender, requests) = mpsc::channel(100);
        let take = move |body: Bytes| {
            let sender = sender.clone();
            async move {
                sender.send(ExportTraceServiceRequest::decode(body).unwrap()).await.unwrap();
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, requests }
    }

    /// Spans, until there are so many; and the name of the service that sent them.
    async fn spans(&mut self, count: usize) -> (Vec<Span>, String) {
        let (mut spans, mut service) = (Vec::new(), String::new());
        while spans.len() < count {
            let request = timeout(PATIENCE, self.requests.recv()).await.expect("spans").unwrap();
            for resource in request.resource_spans {
                for attribute in resource.resource.unwrap().attributes {
                    if attribute.key == "service.name"
                        && let Some(Value::StringValue(name)) = attribute.value.unwrap().value
                    {
                        service = name;
                    }
                }
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        (spans, service)
    }
}

#[tokio::test]
async fn a_message_is_one_trace_from_its_frame_to_the_sessions() {
    let mut collector = Collector::start().await;
    let flags = ["--traces-collector", &collector.address, "--traces-one-in", "1"];
    let server = Setup::dev().flags(&flags).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("aiko").await;
    let key = fresh_key();
    giulia.say_again(room, "ciao", key).await.unwrap();
    giulia.say_again(room, "something else", key).await.unwrap_err();
    let (spans, service) = collector.spans(4).await;
    assert_eq!(service, "caffis-chat");
    assert_eq!(spans.len(), 4, "{spans:?}");
    assert!(spans.iter().all(|span| span.trace_id == key.id.0), "{spans:?}");
    let of = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let ([sent, refused], [append], [deliver]) =
        (&of("send")[..], &of("append")[..], &of("deliver")[..])
    else {
        panic!("{spans:?}")
    };
    assert!(sent.parent_span_id.is_empty());
    assert_eq!(append.parent_span_id, sent.span_id);
    assert_eq!(deliver.parent_span_id, append.span_id);
    assert!(sent.start_time_unix_nano <= append.start_time_unix_nano);
    assert!(append.start_time_unix_nano < append.end_time_unix_nano);
    assert!(append.end_time_unix_nano <= sent.end_time_unix_nano);
    let status = refused.status.as_ref().unwrap();
    assert_eq!((status.code(), &*status.message), (StatusCode::Error, "client_id_reused"));
}

#[tokio::test]
async fn a_share_of_the_commands_is_traced_and_the_others_are_not() {
    let mut collector = Collector::start().await;
    let flags = [
        "--traces-collector",
        &collector.address,
        "--traces-one-in",
        "7",
        "--messages-per-second",
        "1000",
    ];
    let server = Setup::dev().flags(&flags).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::Quic).await;
    let room = giulia.direct("aiko").await;
    let mut traced = Vec::new();
    for number in 0..50_u8 {
        let mut key = fresh_key();
        key.id.0[15] = number;
        // The rest of the lower half is 0.
        key.id.0[8..15].fill(0);
        giulia.say_again(room, "ciao", key).await.unwrap();
        if number % 7 == 0 {
            traced.push(key.id.0.to_vec());
        }
    }
    let (spans, _) = collector.spans(3 * traced.len()).await;
    let mut sent: Vec<_> =
        spans.into_iter().filter(|span| span.name == "send").map(|span| span.trace_id).collect();
    sent.sort();
    traced.sort();
    assert_eq!(sent, traced);
}

#[tokio::test]
async fn a_collector_that_is_away_holds_up_nobody() {
    let flags = ["--traces-collector", "http://127.0.0.1:9", "--traces-one-in", "1"];
    let server = Setup::dev().flags(&flags).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("aiko").await;
    giulia.say(room, "ciao").await.unwrap();
    assert!(server.stop().await.success());
    let finished = Setup::dev().flags(&["--traces-collector", "collector:4318"]).fail().await;
    finished.refused(&["--traces-collector", "collector:4318", "http"]);
}

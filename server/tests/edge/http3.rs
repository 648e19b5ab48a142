//! HTTP/3: the same answers as over TCP, for the hosts that have it.

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Buf, Bytes};
use caffis_transport::tls::Trust;
use h3::{
    client::SendRequest,
    error::{Code, StreamError},
};
use quinn::crypto::rustls::QuicClientConfig;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::api::fresh_uuid;
use crate::common::{Over, Person, Server, Setup, http, soon, token_of};

const HOST: &str = "api.localhost";

/// Clients of a server that stops: enough that a process that does not wait for its last packets ends before
/// some of them.
const CLIENTS: usize = 32;

/// A server with HTTP/3 for one of two hosts.
async fn server() -> Server {
    let hosts = ["--hosts", "localhost,api.localhost", "--http3-hosts", HOST];
    Setup::dev().flags(&hosts).start().await
}

/// A client on one connection.
struct Client {
    requests: SendRequest<h3_quinn::OpenStreams, Bytes>,
    connection: quinn::Connection,
    driver: JoinHandle<()>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    kind: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn quic(server: &Server, host: &str) -> quinn::Connection {
    let info = server.connect_info().await;
    let hash = info["quic"]["certificateHash"].as_str().unwrap();
    let trust = Trust::Hashes(vec![BASE64_STANDARD.decode(hash).unwrap().try_into().unwrap()]);
    let tls = QuicClientConfig::try_from(trust.client_config(&[b"h3"]).unwrap()).unwrap();
    let endpoint = quinn::Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(tls));
    endpoint.connect_with(config, server.udp(), host).unwrap().await.unwrap()
}

impl Client {
    async fn connect(server: &Server) -> Self {
        let connection = quic(server, HOST).await;
        let made = h3::client::new(h3_quinn::Connection::new(connection.clone())).await;
        let (mut driver, requests) = made.unwrap();
        let driver = tokio::spawn(async move {
            driver.wait_idle().await;
        });
        Self { requests, connection, driver }
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let uri = format!("https://{HOST}{path}");
        let mut request = axum::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut stream = self.requests.send_request(request.body(()).unwrap()).await.unwrap();
        // A server that has read enough may stop the stream before all is sent, and says that it is no error.
        if let Err(error) = stream.send_data(body.into()).await {
            let StreamError::RemoteTerminate { code, .. } = error else { panic!("{error}") };
            assert_eq!(code, Code::H3_NO_ERROR);
        }
        let _ = stream.finish().await;
        let head = soon("an answer", stream.recv_response()).await.unwrap();
        let mut body = Vec::new();
        while let Some(mut data) = stream.recv_data().await.unwrap() {
            body.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        }
        let kind = head.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap());
        Answer { status: head.status().as_u16(), kind: kind.to_owned(), body }
    }
}

#[tokio::test]
async fn the_rest_api_answers_over_http3_as_it_does_over_tcp() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let token = format!("Bearer {}", token_of("giulia"));
    let by = ("authorization", token.as_str());
    let rooms = client.ask("GET", "/api/chat/rooms", &[by], Vec::new()).await;
    assert_eq!((rooms.status, rooms.kind.as_str()), (200, "application/json"), "{rooms:?}");
    let over_tcp = http().get(server.url("/api/chat/rooms")).header(by.0, by.1).send().await;
    assert_eq!(rooms.body, over_tcp.unwrap().bytes().await.unwrap());

    let path =
        "/api/chat/rooms".to_owned() + "/" + rooms.json()["rooms"][0]["room"].as_str().unwrap();
    let key = fresh_uuid();
    let headers = [by, ("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let text = json!({ "body": { "text": { "text": "over HTTP/3" } } }).to_string();
    let messages = format!("{path}/messages");
    let sent = client.ask("POST", &messages, &headers, text.clone().into_bytes()).await;
    assert_eq!(sent.status, 200, "{}", sent.json());
    let again = client.ask("POST", &messages, &headers, text.into_bytes()).await;
    assert_eq!(again.json(), sent.json(), "the same key is one message");
    let page = client.ask("GET", &format!("{path}/entries"), &[by], Vec::new()).await;
    assert!(String::from_utf8_lossy(&page.body).contains("over HTTP/3"), "{page:?}");
}

#[tokio::test]
async fn what_is_wrong_gets_the_same_problem_and_the_connection_goes_on() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let token = format!("Bearer {}", token_of("giulia"));
    let large = vec![("authorization", token.as_str()), ("content-type", "application/json")];
    for (method, path, headers, body, status) in [
        ("GET", "/api/chat/nothing", vec![], 0, 404),
        ("DELETE", "/healthz", vec![], 0, 405),
        ("GET", "/api/chat/rooms", vec![], 0, 401),
        ("POST", "/api/chat/people/connections", large.clone(), 1_000_000, 413),
        // More than is read after the answer.
        ("POST", "/api/chat/people/connections", large, 8_000_000, 413),
        ("GET", "/healthz", vec![], 0, 200),
    ] {
        let answer = client.ask(method, path, &headers, vec![b'x'; body]).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    // A stream that is no HTTP/3 ends its own connection only.
    let wild = quic(&server, HOST).await;
    let (mut send, _receive) = wild.open_bi().await.unwrap();
    send.write_all(&[0x00, 0x05, 1, 2, 3, 4, 5]).await.unwrap();
    soon("the end of a connection without HTTP/3", wild.closed()).await;
    assert_eq!(client.ask("GET", "/healthz", &[], Vec::new()).await.status, 200);
}

#[tokio::test]
async fn the_host_chooses_between_http3_and_webtransport() {
    let server = server().await;
    for (host, expected) in [(HOST, true), ("localhost", false)] {
        let url = server.url("/healthz");
        let answer = http().get(url).header("host", format!("{host}:5002")).send().await.unwrap();
        let told = answer.headers().get("alt-svc").map(|value| value.to_str().unwrap().to_owned());
        let port = server.udp().port();
        assert_eq!(told, expected.then(|| format!("h3=\":{port}\"; ma=3600")), "{host}");
    }
    // The client of WebTransport comes to an address, without a host name.
    let link = Over::WebTransport.try_link(&server, None).await.unwrap();
    Person::on(link, Over::WebTransport).greet(&token_of("giulia")).await.unwrap();
}

#[tokio::test]
async fn a_server_that_stops_tells_its_http3_clients() {
    let mut server = server().await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(&server).await;
        assert_eq!(client.ask("GET", "/healthz", &[], Vec::new()).await.status, 200);
        clients.push(client);
    }
    server.signal(Signal::TERM);
    for client in clients {
        soon("the end of the connection", client.connection.closed()).await;
        client.driver.await.unwrap();
    }
    assert!(server.ended().await.success());
}

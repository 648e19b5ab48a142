//! Server-sent events over several nodes: a POST that reaches another node than its stream is passed on.

use caffis_schema::ErrorCode;
use serde_json::Value;

use crate::{
    common::{Server, http, soon, token_of},
    nodes::{Ground, shared},
};

const PATH: &str = "/api/chat/events";

const PING: &str = r#"{"request":{"id":7,"command":{"ping":{}}}}"#;

/// Status and code of the problem, if it is one.
async fn post(server: &Server, name: &str, number: u64, line: &str) -> (u16, Option<String>) {
    let body = format!("{name} {number}\n{line}\n");
    let answer = soon("the answer", http().post(server.url(PATH)).body(body).send()).await.unwrap();
    let status = answer.status().as_u16();
    let problem: Option<Value> = serde_json::from_str(&answer.text().await.unwrap()).ok();
    (status, problem.and_then(|problem| Some(problem["code"].as_str()?.to_owned())))
}

/// Reads a stream until it has said this.
async fn until(stream: &mut reqwest::Response, heard: &mut String, what: &str) {
    while !heard.contains(what) {
        let piece = soon(what, stream.chunk()).await.unwrap().expect("the stream ended");
        heard.push_str(str::from_utf8(&piece).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn posts_reach_their_stream_from_every_node() {
    let ground = Ground::start().await;
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let mut stream = soon("the stream", http().get(one.url(PATH)).send()).await.unwrap();
    let mut heard = String::new();
    until(&mut stream, &mut heard, "\n\n").await;
    let name = heard.lines().nth(1).unwrap().strip_prefix("data: ").unwrap().to_owned();
    let hello = format!(
        r#"{{"request":{{"id":1,"command":{{"hello":{{"version":1,"client":"curl","device":"{}","token":"{}"}}}}}}}}"#,
        "0".repeat(32),
        token_of("giulia"),
    );
    assert_eq!(post(&two, &name, 1, &hello).await, (204, None));
    until(&mut stream, &mut heard, r#""welcome""#).await;
    // Sent again to the other node it is done once, and order holds across nodes.
    for node in [&one, &two] {
        assert_eq!(post(node, &name, 1, &hello).await, (204, None));
    }
    let (late, early) = (PING.replace('7', "9"), PING.replace('7', "8"));
    let both = tokio::join!(post(&two, &name, 3, &late), post(&one, &name, 2, &early));
    assert_eq!(both, ((204, None), (204, None)));
    until(&mut stream, &mut heard, r#""id":9"#).await;
    assert!(heard.find(r#""id":8"#) < heard.find(r#""id":9"#), "{heard}");
    assert_eq!(heard.matches(r#""id":1,"#).count(), 1, "{heard}");
    let refused = |status, code: ErrorCode| (status, Some(code.name().to_owned()));
    for node in [&one, &two] {
        assert_eq!(post(node, &name, 9, PING).await, refused(409, ErrorCode::Conflict));
        let wrong = format!("{}{}", &name[..16], "0".repeat(32));
        assert_eq!(post(node, &wrong, 1, PING).await, refused(404, ErrorCode::NotFound));
    }
    assert_eq!(post(&two, &name, 4, ":pang").await, refused(400, ErrorCode::Malformed));
    until(&mut stream, &mut heard, "event: farewell").await;
    assert_eq!(post(&two, &name, 4, PING).await, refused(404, ErrorCode::NotFound));
    // With its node the stream is gone.
    one.kill().await;
    assert_eq!(post(&two, &name, 4, PING).await, refused(404, ErrorCode::NotFound));
}

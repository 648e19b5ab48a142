//! Commands, messages, what is delivered and what is not, and the store below.

use caffis_schema::{
    Command, ErrorCode, List, MessageNumber, Position, RoomId,
    command::{Anchor, Cursor, History, Mark, Resume},
    open::Empty,
};

use crate::common::{Over, Person, Scrape, Setup, fresh_key, said};

const COMMANDS: &str = "caffis_commands_total";

async fn resume(person: &mut Person, room: RoomId, position: u64) {
    let cursor = Cursor { room, position: Position(position), open: false };
    let cursors = List::cut(vec![cursor]);
    person.ask(Command::Resume(Resume { cursors })).await.unwrap();
}

#[tokio::test]
async fn messages_are_counted_from_the_send_to_the_delivery() {
    let server = Setup::dev().metrics().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let _tablet = Person::enter(&server, "giulia", Over::Quic).await;
    let mut marco = Person::enter(&server, "marco", Over::Json).await;
    let room = giulia.direct("marco").await;
    giulia.open(room).await.unwrap();
    marco.open(room).await.unwrap();
    let before = server.scrape().await;
    assert_eq!(before.value(COMMANDS, &[("command", "hello"), ("result", "done")]), 3.0);
    assert_eq!(before.value("caffis_sends_total", &[]), 0.0);
    let mut last = MessageNumber::default();
    for word in ["one", "two", "three"] {
        last = giulia.say(room, word).await.unwrap().number;
    }
    let error = giulia.say(RoomId::from_random(7), "Is anybody there?").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let after = server.scrape().await;
    assert_eq!(after.value("caffis_sends_total", &[]), 4.0);
    assert_eq!(after.value("caffis_acks_total", &[]), 3.0);
    assert_eq!(after.value("caffis_send_duration_seconds_count", &[]), 3.0);
    assert!(after.value("caffis_send_duration_seconds_sum", &[]) > 0.0);
    assert_eq!(after.value("caffis_send_duration_seconds_bucket", &[("le", "+Inf")]), 3.0);
    assert_eq!(after.value(COMMANDS, &[("command", "send"), ("result", "done")]), 3.0);
    assert_eq!(after.value(COMMANDS, &[("command", "send"), ("result", "refused")]), 1.0);
    assert_eq!(after.value(COMMANDS, &[("command", "send"), ("result", "unknown")]), 0.0);
    assert_eq!(after.value("caffis_command_errors_total", &[("code", "not_found")]), 1.0);
    assert_eq!(after.sum("caffis_command_errors_total", &[]), 1.0);
    let more = |name: &str| after.sum(name, &[]) - before.sum(name, &[]);
    assert_eq!(more("caffis_deliveries_total"), 9.0, "three messages to three sessions");
    assert_eq!(more("caffis_queue_drops_total"), 0.0);
    assert!(after.value("caffis_rooms", &[]) >= 1.0);
    // Each was written and synced before it was acknowledged, one after the other.
    assert!(more("caffis_fsync_duration_seconds_count") >= 3.0);
    let writes = |scrape: &Scrape| {
        scrape.value("caffis_store_duration_seconds_count", &[("operation", "write")])
    };
    assert!(writes(&after) - writes(&before) >= 3.0);
    // The message and its command's id, at least.
    assert!(more("caffis_store_rows_written_total") >= 6.0);
    assert_eq!(after.sum("caffis_store_errors_total", &[]), 0.0);
    // The index follows a moment later.
    while server.scrape().await.value("caffis_search_indexed_total", &[]) < 3.0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Marco has read them, and others are told.
    marco.ask(Command::MarkRead(Mark { room, number: last })).await.unwrap();
    let told = |scrape: &Scrape| scrape.value("caffis_updates_total", &[]);
    server.scrape_until("the marker", |scrape| told(scrape) > told(&after)).await;
    // What nobody can read.
    giulia.write(vec![0xff; 3]).await;
    giulia.ask(Command::Ping(Empty {})).await.unwrap_err();
    let scrape = server.scrape().await;
    assert_eq!(scrape.value(COMMANDS, &[("command", "unknown"), ("result", "refused")]), 1.0);
    assert_eq!(scrape.value("caffis_command_errors_total", &[("code", "malformed")]), 1.0);
}

#[tokio::test]
async fn resumes_are_counted_by_kind() {
    let flags = ["--resume-entries", "2", "--ring-entries", "2"];
    let server = Setup::dev().metrics().flags(&flags).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("aiko").await;
    let mut head = Position::ZERO;
    for word in ["one", "two", "three", "four"] {
        head = giulia.say(room, word).await.unwrap().position;
    }
    resume(&mut giulia, room, head.get()).await;
    resume(&mut giulia, room, head.get() - 1).await;
    resume(&mut giulia, room, head.get() - 3).await;
    resume(&mut giulia, RoomId::from_random(7), 1).await;
    let scrape = server.scrape().await;
    let kind = |kind| scrape.value("caffis_resumes_total", &[("kind", kind)]);
    assert_eq!(["complete", "reset", "gone", "later"].map(kind), [2.0, 1.0, 1.0, 0.0]);
}

#[tokio::test]
async fn look_ups_in_memory_are_counted() {
    let server = Setup::dev().metrics().flags(&["--ring-entries", "2"]).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("aiko").await;
    for word in ["one", "two", "three", "four"] {
        giulia.say(room, word).await.unwrap();
    }
    let entries = |scrape: &Scrape| {
        ["hit", "miss"].map(|result| {
            let labels = [("cache", "entries"), ("result", result)];
            scrape.value("caffis_cache_requests_total", &labels)
        })
    };
    let people = |scrape: &Scrape, result| {
        scrape.value("caffis_cache_requests_total", &[("cache", "people"), ("result", result)])
    };
    let before = server.scrape().await;
    let page = |limit| Command::History(History { room, anchor: Anchor::Latest, limit });
    giulia.ask(page(2)).await.unwrap();
    giulia.ask(page(2)).await.unwrap();
    giulia.ask(page(4)).await.unwrap();
    let after = server.scrape().await;
    let [hits, misses] = entries(&before);
    assert_eq!(entries(&after), [hits + 2.0, misses + 1.0]);
    // What was read a moment ago is not read again.
    giulia.ask(page(4)).await.unwrap();
    let after = server.scrape().await;
    let pages = ["hit", "miss"].map(|result| {
        after.value("caffis_cache_requests_total", &[("cache", "pages"), ("result", result)])
    });
    assert_eq!(pages, [1.0, 1.0]);
    // She was read for her first connection, and is remembered for the second.
    assert!(people(&after, "miss") >= 1.0);
    let _again = Person::enter(&server, "giulia", Over::WebSocket).await;
    assert!(people(&server.scrape().await, "hit") > people(&after, "hit"));
}

#[tokio::test]
async fn entries_that_do_not_fit_are_counted() {
    let flags = [
        "--session-queue-bytes",
        "64KiB",
        "--messages-per-second",
        "100000",
        "--commands-per-second",
        "100000",
    ];
    let server = Setup::dev().metrics().flags(&flags).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    // He is connected, and reads nothing.
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let text = "è".repeat(7_000);
    let drops = |scrape: &Scrape| scrape.value("caffis_queue_drops_total", &[]);
    let dropped = async {
        loop {
            for _ in 0..50 {
                giulia.ask(said(room, &text, fresh_key())).await.unwrap();
            }
            let scrape = server.scrape().await;
            if drops(&scrape) > 0.0 {
                return scrape;
            }
        }
    };
    let scrape = crate::common::soon("a full queue", dropped).await;
    let (sends, delivered) =
        (scrape.value("caffis_acks_total", &[]), scrape.value("caffis_deliveries_total", &[]));
    assert!(delivered + drops(&scrape) >= 2.0 * sends, "each goes to two sessions, or is dropped");
    marco.event(|event| matches!(event, caffis_schema::Event::Behind(_)).then_some(())).await;
}

#[tokio::test]
async fn a_full_disk_is_seen() {
    let rates = ["--messages-per-second", "100000", "--commands-per-second", "100000"];
    let server = Setup::dev().metrics().flags(&rates).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let text = "x".repeat(4_000);
    server.limit_files(Some(600_000));
    while giulia.say(room, &text).await.is_ok() {}
    let scrape = server.scrape().await;
    assert_eq!(scrape.value("caffis_not_ready", &[("reason", "storage_full")]), 1.0);
    assert_eq!(scrape.sum("caffis_not_ready", &[]), 1.0);
    assert!(scrape.value("caffis_store_errors_total", &[("error", "full")]) >= 1.0);
    assert_eq!(scrape.value("caffis_command_errors_total", &[("code", "storage_full")]), 1.0);
    server.limit_files(None);
    server.scrape_until("space", |scrape| scrape.sum("caffis_not_ready", &[]) == 0.0).await;
}

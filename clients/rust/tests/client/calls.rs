//! Commands: settled over cuts, unknown outcomes and the end.

use std::time::Duration;

use caffis_client::{ClientEvent, Ended, State};
use caffis_link::{Incoming, LinkExt as _};
use caffis_schema::{CloseCode, Command, Error, ErrorCode, Request, command::Anchor};
use tokio::time::Instant;

use crate::server::{room, start, until};

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_asked_again_on_the_same_connection() {
    let (client, _events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    let sending = tokio::spawn(async move { client.send_text(room(), "ciao").await });
    let Request { id, command: first, .. } = server.take().await;
    let begun = Instant::now();
    server.answer(id, Err(Error::unknown(ErrorCode::Unavailable, "who knows", 700))).await;
    let Request { id, command: second, .. } = server.take().await;
    assert_eq!(first, second);
    assert!(begun.elapsed() >= Duration::from_millis(700));
    let error = Error::refused(ErrorCode::Forbidden, "no");
    server.answer(id, Err(error.clone())).await;
    assert_eq!(sending.await.unwrap(), Err(caffis_client::CallError::Refused(error)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_now_is_asked_again_when_the_server_says_also_if_it_reads() {
    let (client, _events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    let asking = tokio::spawn(async move { client.history(room(), Anchor::Latest, 10).await });
    for _ in 0..3 {
        let begun = Instant::now();
        let Request { id, command: Command::History(_) } = server.take().await else { panic!() };
        assert!(begun.elapsed() <= Duration::from_millis(510), "{:?}", begun.elapsed());
        server.answer(id, Err(Error::later(ErrorCode::Unavailable, "it moves", 500))).await;
    }
    let Request { id, .. } = server.take().await;
    let error = Error::refused(ErrorCode::NotFound, "no");
    server.answer(id, Err(error.clone())).await;
    assert_eq!(asking.await.unwrap(), Err(caffis_client::CallError::Refused(error)));
}

#[tokio::test(start_paused = true)]
async fn dispose_says_goodbye_and_settles_what_waits() {
    let (client, mut events, mut server, driver) = start();
    server.welcome(0, Vec::new()).await;
    let other = client.clone();
    let sending = tokio::spawn(async move { other.send_text(room(), "ciao").await });
    server.take().await;
    client.dispose().await;
    let Incoming::Closed(farewell) = server.link.take().unwrap().recv().await else { panic!() };
    assert_eq!(farewell.code, CloseCode::Normal.number());
    driver.await.unwrap();
    assert_eq!(sending.await.unwrap(), Err(caffis_client::CallError::Ended));
    until(&mut events, |event| match event {
        ClientEvent::State(State::Ended(Ended::Disposed)) => Some(()),
        _ => None,
    })
    .await;
}

//! When a client comes back, and when it does not.

use std::time::Duration;

use caffis_client::{ClientEvent, Ended, State};
use caffis_link::{Farewell, LinkExt as _};
use caffis_schema::{
    CloseCode, Command, Error, ErrorCode, Event, Request, Timestamp,
    event::{Draining, TokenExpiring},
};
use tokio::time::Instant;

use crate::server::{room, start, state, until};

#[tokio::test(start_paused = true)]
async fn a_draining_server_is_left_alone_for_the_time_it_wants() {
    let (_client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    server.event(Event::Draining(Draining { reconnect_after_ms: 5_000 })).await;
    let begun = Instant::now();
    let mut link = server.link.take().unwrap();
    link.close(Farewell::new(CloseCode::Shutdown.number(), "going down")).await;
    server.welcome(0, Vec::new()).await;
    let away = begun.elapsed();
    assert!(away >= Duration::from_secs(5) && away < Duration::from_millis(5_300), "{away:?}");
    assert_eq!(state(&mut events).await, State::Connecting);
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_is_put_off_is_said_again_when_the_server_says() {
    let (_client, _events, mut server, _) = start();
    let (id, _) = server.accept().await;
    let begun = Instant::now();
    server.answer(id, Err(Error::later(ErrorCode::Unavailable, "too many at once", 4_000))).await;
    server.die();
    server.welcome(0, Vec::new()).await;
    let away = begun.elapsed();
    assert!(away >= Duration::from_secs(4) && away < Duration::from_millis(4_300), "{away:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_left_within_three_seconds() {
    let (_client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    let begun = Instant::now();
    loop {
        if let State::Waiting { reason, .. } = state(&mut events).await {
            assert_eq!(reason, "the server is silent");
            break;
        }
    }
    assert!(begun.elapsed() <= Duration::from_millis(3_010), "{:?}", begun.elapsed());
    server.links.recv().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refused_tokens_and_final_codes_end_the_client() {
    let (client, mut events, mut server, driver) = start();
    for _ in 0..3 {
        let (id, hello) = server.accept().await;
        assert_eq!(&*hello.token, "token");
        server.answer(id, Err(Error::refused(ErrorCode::TokenInvalid, "no"))).await;
    }
    driver.await.unwrap();
    assert!(client.send_text(room(), "late").await.is_err());
    until(&mut events, |event| match event {
        ClientEvent::State(State::Ended(Ended::Refused(error))) => Some(error),
        _ => None,
    })
    .await;

    let (_client, mut events, mut server, driver) = start();
    server.welcome(0, Vec::new()).await;
    let farewell = Farewell::new(CloseCode::Revoked.number(), "signed out");
    server.link.take().unwrap().close(farewell.clone()).await;
    driver.await.unwrap();
    let said = until(&mut events, |event| match event {
        ClientEvent::State(State::Ended(Ended::Closed(said))) => Some(said),
        _ => None,
    })
    .await;
    assert_eq!(said, farewell);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_soon_is_refreshed() {
    let (_client, _events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    server.event(Event::TokenExpiring(TokenExpiring { at: Timestamp(5) })).await;
    let Request { command: Command::Refresh(refresh), .. } = server.take().await else { panic!() };
    assert_eq!(&*refresh.token, "token");
}

//! Tokens at the door.

use std::{fs, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use caffis_chat::{
    config::DEVELOPMENT_SECRET,
    system::SystemClock,
    tokens::{Grant, mint},
};
use caffis_core::ports::clock::Clock;
use caffis_schema::{
    CloseCode, Command, ErrorCode, Reply, Text, Timestamp, UserId, command::Refresh,
};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use rustix::process::Signal;
use serde_json::json;

use crate::common::{Over, Person, Setup, run, token_of};

fn grant(user: &str, issued: u64, lifetime: u64) -> Grant {
    Grant {
        user: UserId::new(user).unwrap(),
        name: None,
        issued: Timestamp(issued),
        lifetime: Duration::from_secs(lifetime),
        service: None,
        issuer: None,
        audience: None,
    }
}

#[tokio::test]
async fn wrong_expired_unsigned_and_foreign_tokens_are_refused() {
    let server = Setup::dev().start().await;
    let now = SystemClock.now();
    let expired =
        mint(DEVELOPMENT_SECRET, &grant("giulia", now.back(7_200_000).get(), 3_600)).unwrap();
    let foreign = mint("another secret that nobody here knows of", &grant("giulia", now.get(), 60));
    let unsigned = {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"sub": "giulia", "exp": now.get() / 1000 + 60});
        format!("{}.{}.", part(json!({"alg": "none"})), part(claims))
    };
    let cases = [
        (foreign.unwrap(), ErrorCode::TokenInvalid, CloseCode::Unauthenticated),
        (unsigned, ErrorCode::TokenInvalid, CloseCode::Unauthenticated),
        ("nonsense".to_owned(), ErrorCode::TokenInvalid, CloseCode::Unauthenticated),
        (String::new(), ErrorCode::TokenInvalid, CloseCode::Unauthenticated),
        (expired, ErrorCode::TokenExpired, CloseCode::TokenExpired),
    ];
    for (token, code, close) in cases {
        for over in Over::ALL {
            let mut stranger = Person::stranger(&server, over).await;
            let refusal = stranger.greet(&token).await.unwrap_err();
            assert_eq!(refusal.error.code, code, "{over:?}: {refusal:?}");
            assert_eq!(refusal.farewell.code, close.number(), "{over:?}: {refusal:?}");
        }
        assert!(token.is_empty() || !server.log().contains(&token), "a token is in the log");
    }
}

#[tokio::test]
async fn a_token_is_replaced_in_the_session_by_one_of_the_same_person() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let refresh = |token: String| Command::Refresh(Refresh { token: Text::cut(&token) });
    let refreshed = giulia.ask(refresh(token_of("giulia"))).await.unwrap();
    assert!(matches!(refreshed, Reply::Refreshed(_)), "{refreshed:?}");
    assert!(giulia.ask(refresh(token_of("marco"))).await.is_err());
    assert!(giulia.ask(refresh("nonsense".to_owned())).await.is_err());
}

#[tokio::test]
async fn revoke_ends_sessions_now_and_refuses_their_tokens_also_after_a_restart() {
    let server = Setup::dev().start().await;
    let old =
        mint(DEVELOPMENT_SECRET, &grant("giulia", SystemClock.now().back(5_000).get(), 3_600))
            .unwrap();
    let mut giulia = Person::stranger(&server, Over::Quic).await;
    giulia.greet(&old).await.unwrap();
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    let data = server.setup.data();
    let before = SystemClock.now().back(2_000).to_string();
    let arguments = ["revoke", "giulia", "--before", &before, "--data", data.to_str().unwrap()];
    run(&arguments).await.worked();
    assert_eq!(giulia.farewell().await.code, CloseCode::Revoked.number());
    marco.direct("giulia").await;
    Person::enter(&server, "giulia", Over::Quic).await;

    let setup = server.setup.clone();
    server.kill().await;
    let before = SystemClock.now().back(2_000).to_string();
    let offline = ["revoke", "luca", "--before", &before, "--data", data.to_str().unwrap()];
    run(&offline).await.worked();
    let server = setup.start().await;
    let luca =
        mint(DEVELOPMENT_SECRET, &grant("luca", SystemClock.now().back(50_000).get(), 3_600))
            .unwrap();
    for token in [old, luca] {
        let mut stranger = Person::stranger(&server, Over::WebSocket).await;
        let refusal = stranger.greet(&token).await.unwrap_err();
        assert_eq!(refusal.error.code, ErrorCode::TokenRevoked);
        assert_eq!(refusal.farewell.code, CloseCode::Revoked.number());
    }
    Person::enter(&server, "luca", Over::WebSocket).await;
}

/// A key pair of somebody who issues tokens.
struct Issuer(Ed25519KeyPair);

impl Issuer {
    fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    fn key_set(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x}]}).to_string()
    }

    fn token(&self, user: &str) -> String {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let now = SystemClock.now().get() / 1000;
        let claims = json!({"sub": user, "iat": now, "exp": now + 60, "iss": "us", "aud": "chat"});
        let message = format!("{}.{}", part(json!({"alg": "EdDSA", "kid": "one"})), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

#[tokio::test]
async fn tokens_of_a_key_set_are_good_and_the_set_is_read_again_on_sighup() {
    let (first, second) = (Issuer::new(), Issuer::new());
    let setup = Setup::production();
    let file = setup.beside("keys.json");
    fs::write(&file, first.key_set()).unwrap();
    let flags = [
        "--token-jwks",
        file.to_str().unwrap(),
        "--token-issuer",
        "us",
        "--token-audience",
        "chat",
    ];
    let server = setup.flags(&flags).start().await;
    let mut aiko = Person::stranger(&server, Over::WebSocket).await;
    aiko.greet(&first.token("aiko")).await.unwrap();
    for token in [second.token("aiko"), token_of("aiko")] {
        let mut stranger = Person::stranger(&server, Over::WebSocket).await;
        let refusal = stranger.greet(&token).await.unwrap_err();
        assert_eq!(refusal.error.code, ErrorCode::TokenInvalid);
    }
    fs::write(&file, second.key_set()).unwrap();
    server.signal(Signal::HUP);
    let read_again = async {
        while server.log().matches("key set read").count() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    crate::common::soon("the key set is read again", read_again).await;
    let mut aiko = Person::stranger(&server, Over::WebSocket).await;
    aiko.greet(&second.token("aiko")).await.unwrap();
}

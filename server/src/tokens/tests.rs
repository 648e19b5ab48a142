//! Every way in which a token can be wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use caffis_core::{model::caller::Rights, ports::clock::Clock};
use caffis_schema::{Timestamp, UserId};
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;

const SECRET: &str = "a shared secret of more than thirty-two bytes";
pub(super) const NOW: u64 = 1_800_000_000;

pub(super) struct TestClock(pub(super) AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed) * 1000)
    }
}

pub(super) async fn tokens(change: impl FnOnce(&mut TokenSettings)) -> Tokens {
    let mut settings = Config::default().tokens;
    change(&mut settings);
    let clock = Arc::new(TestClock(AtomicU64::new(NOW)));
    Tokens::start(Some(SECRET), settings, clock).await.unwrap()
}

/// A token with any header and claims, signed by any means.
pub(super) fn signed(
    header: &Value,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(super) fn by_secret(secret: &[u8]) -> impl FnOnce(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

fn hs256(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, by_secret(SECRET.as_bytes()))
}

pub(super) fn good() -> Value {
    json!({"sub": "giulia", "iat": NOW - 10, "exp": NOW + 600, "name": "Giulia"})
}

fn with(changes: Value) -> Value {
    let mut claims = good();
    for (key, value) in changes.as_object().unwrap() {
        claims[key] = value.clone();
    }
    claims
}

fn without(claim: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

pub(super) async fn refused(tokens: &Tokens, token: &str) -> String {
    match tokens.identify(token).await {
        Err(TokenError::Invalid(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_token_gives_its_identity() {
    let tokens = tokens(|_| {}).await;
    let token = hs256(&with(json!({"picture": "https://pictures.example/g.png"})));
    let identity = tokens.identify(&token).await.unwrap();
    assert_eq!(identity.user.as_str(), "giulia");
    assert_eq!(identity.name.unwrap().as_str(), "Giulia");
    assert_eq!(identity.picture.unwrap().as_str(), "https://pictures.example/g.png");
    assert_eq!(identity.issued, Timestamp((NOW - 10) * 1000));
    assert_eq!(identity.expires, Timestamp((NOW + 600) * 1000));
    assert_eq!(identity.service, None);
}

#[tokio::test]
async fn what_we_mint_is_good() {
    let grant = Grant {
        user: UserId::new("shop").unwrap(),
        name: None,
        issued: Timestamp(NOW * 1000),
        lifetime: Duration::from_secs(60),
        service: Some(Rights { read_history: true, ..Rights::default() }),
        issuer: Some("us".to_owned()),
        audience: Some("chat".to_owned()),
    };
    let tokens = tokens(|settings| {
        settings.issuers = vec!["us".to_owned()];
        settings.audiences = vec!["chat".to_owned()];
    })
    .await;
    let identity = tokens.identify(&mint(SECRET, &grant).unwrap()).await.unwrap();
    assert_eq!(identity.service, grant.service);
    assert_eq!(identity.expires, Timestamp((NOW + 60) * 1000));
}

#[tokio::test]
async fn the_scope_says_what_a_service_may_do() {
    let tokens = tokens(|_| {}).await;
    let only_notices = Rights { write_notices: true, ..Rights::default() };
    for (scope, service) in [
        (json!("service"), Some(Rights::USUAL)),
        (json!("read service"), Some(Rights::USUAL)),
        (json!(["read", "service"]), Some(Rights::USUAL)),
        (json!("service:notices"), Some(only_notices)),
        (json!("service service:history"), Some(Rights { read_history: true, ..Rights::USUAL })),
        (json!("service:everything"), Some(Rights::default())),
        (json!("self-service services"), None),
        (json!(""), None),
    ] {
        let token = hs256(&with(json!({"scope": scope})));
        assert_eq!(tokens.identify(&token).await.unwrap().service, service, "{scope}");
    }
}

#[tokio::test]
async fn times_are_checked_with_leeway() {
    let tokens = tokens(|_| {}).await;
    let expired = hs256(&with(json!({"exp": NOW - 31})));
    assert_eq!(tokens.identify(&expired).await, Err(TokenError::Expired));
    let just = tokens.identify(&hs256(&with(json!({"exp": NOW - 29})))).await.unwrap();
    assert!(just.expires > Timestamp(NOW * 1000));
    assert!(tokens.identify(&hs256(&with(json!({"nbf": NOW + 29})))).await.is_ok());
    for claims in [
        with(json!({"nbf": NOW + 31})),
        with(json!({"iat": NOW + 31})),
        with(json!({"exp": -1})),
        with(json!({"exp": 1e300})),
        with(json!({"exp": "tomorrow"})),
        with(json!({"nbf": "tomorrow"})),
    ] {
        refused(&tokens, &hs256(&claims)).await;
    }
}

#[tokio::test]
async fn a_token_without_iat_counts_as_made_before_any_revocation() {
    let tokens = tokens(|_| {}).await;
    assert_eq!(tokens.identify(&hs256(&without("iat"))).await.unwrap().issued, Timestamp(0));
}

#[tokio::test]
async fn what_must_be_there_must_be_there() {
    let tokens = tokens(|_| {}).await;
    assert!(refused(&tokens, &hs256(&without("exp"))).await.contains("exp"));
    assert!(refused(&tokens, &hs256(&without("sub"))).await.contains("sub"));
    for sub in [json!(""), json!("a\nb"), json!("x".repeat(65)), json!(7), json!(null)] {
        refused(&tokens, &hs256(&with(json!({"sub": sub})))).await;
    }
}

#[tokio::test]
async fn issuer_and_audience_have_to_be_ours() {
    let open = tokens(|_| {}).await;
    assert!(open.identify(&hs256(&with(json!({"iss": "anyone"})))).await.is_ok());
    refused(&open, &hs256(&with(json!({"aud": "others"})))).await;
    let strict = tokens(|settings| {
        settings.issuers = vec!["https://us".to_owned()];
        settings.audiences = vec!["chat".to_owned()];
    })
    .await;
    let ours = json!({"iss": "https://us", "aud": ["chat", "shop"]});
    assert!(strict.identify(&hs256(&with(ours))).await.is_ok());
    for claims in [
        good(),
        with(json!({"iss": "https://us"})),
        with(json!({"aud": "chat"})),
        with(json!({"iss": "https://them", "aud": "chat"})),
        with(json!({"iss": "https://us", "aud": "shop"})),
    ] {
        refused(&strict, &hs256(&claims)).await;
    }
}

#[tokio::test]
async fn unsigned_foreign_and_mangled_tokens_are_refused() {
    let tokens = tokens(|_| {}).await;
    let good = hs256(&good());
    assert!(tokens.identify(&good).await.is_ok());
    let none = |alg: &str| signed(&json!({"alg": alg}), &self::good(), |_| Vec::new());
    let foreign = signed(&json!({"alg": "HS256"}), &self::good(), by_secret(&[7; 40]));
    let (message, signature) = good.rsplit_once('.').unwrap();
    for token in [
        none("none"),
        none("None"),
        none("HS256"),
        foreign,
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{message}."),
        message.to_owned(),
        format!("{good}.{signature}"),
        format!("{}x.{signature}", message),
        good.replace('.', ".."),
    ] {
        let reason = refused(&tokens, &token).await;
        assert!(token.len() < 16 || !reason.contains(&token[..16]), "{reason}");
    }
    for algorithm in ["HS384", "HS512", "RS256", "PS256", "ES384"] {
        let header = json!({"alg": algorithm});
        let token = signed(&header, &self::good(), by_secret(SECRET.as_bytes()));
        refused(&tokens, &token).await;
    }
}

#[tokio::test]
async fn critical_extensions_and_oversize_tokens_are_refused() {
    let tokens = tokens(|_| {}).await;
    let header = json!({"alg": "HS256", "crit": ["b64"], "b64": false});
    let token = signed(&header, &good(), by_secret(SECRET.as_bytes()));
    assert!(refused(&tokens, &token).await.contains("crit"));
    let large = hs256(&with(json!({"padding": "x".repeat(TOKEN_BYTES)})));
    assert!(refused(&tokens, &large).await.contains("too long"));
}

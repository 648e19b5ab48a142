//! Every way in which a token can be wrong.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use caffis_core::ports::clock::Clock;
use caffis_schema::{Timestamp, UserId};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use serde_json::{Value, json};

use super::*;
use crate::config::Config;

const SECRET: &str = "a shared secret of more than thirty-two bytes";
const NOW: u64 = 1_800_000_000;

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.load(Ordering::Relaxed) * 1000
    }
}

async fn tokens(change: impl FnOnce(&mut TokenSettings)) -> Tokens {
    let mut settings = Config::default().tokens;
    change(&mut settings);
    let clock = Arc::new(TestClock(AtomicU64::new(NOW)));
    Tokens::start(Some(SECRET), settings, clock).await.unwrap()
}

/// A token with any header and claims, signed by any means.
fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn by_secret(secret: &[u8]) -> impl FnOnce(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

fn hs256(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, by_secret(SECRET.as_bytes()))
}

fn good() -> Value {
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

async fn refused(tokens: &Tokens, token: &str) -> String {
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
    assert_eq!(identity.issued, (NOW - 10) * 1000);
    assert_eq!(identity.expires, (NOW + 600) * 1000);
    assert!(!identity.service);
}

#[tokio::test]
async fn what_we_mint_is_good() {
    let grant = Grant {
        user: UserId::new("shop").unwrap(),
        name: None,
        issued: NOW * 1000,
        lifetime: Duration::from_secs(60),
        service: true,
        issuer: Some("us".to_owned()),
        audience: Some("chat".to_owned()),
    };
    let tokens = tokens(|settings| {
        settings.issuers = vec!["us".to_owned()];
        settings.audiences = vec!["chat".to_owned()];
    })
    .await;
    let identity = tokens.identify(&mint(SECRET, &grant).unwrap()).await.unwrap();
    assert!(identity.service);
    assert_eq!(identity.expires, (NOW + 60) * 1000);
}

#[tokio::test]
async fn scope_service_is_a_word_and_not_a_part_of_one() {
    let tokens = tokens(|_| {}).await;
    for (scope, service) in [
        (json!("service"), true),
        (json!("read service"), true),
        (json!(["read", "service"]), true),
        (json!("self-service services"), false),
        (json!(""), false),
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
    assert!(just.expires > NOW * 1000);
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
    assert_eq!(tokens.identify(&hs256(&without("iat"))).await.unwrap().issued, 0);
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

/// Key pairs of all kinds, and their key set.
struct Pairs {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    random: SystemRandom,
}

/// RSA keys cannot be made with ring; this one is for tests only.
const RSA_KEY: &[u8] = include_bytes!("../../tests/data/rsa-key.der");

impl Pairs {
    fn new() -> Self {
        let random = SystemRandom::new();
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            rsa: RsaKeyPair::from_der(RSA_KEY).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(curve, ec.as_ref(), &random).unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            random,
        }
    }

    fn set(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let rsa = rsa::PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let point = self.ec.public_key().as_ref();
        json!({"keys": [
            {"kty": "RSA", "kid": "r", "use": "sig", "n": text(&rsa.n), "e": text(&rsa.e)},
            {"kty": "EC", "kid": "e", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])},
            {"kty": "OKP", "kid": "d", "crv": "Ed25519", "x": text(self.ed.public_key().as_ref())},
            {"kty": "oct", "kid": "o", "k": text(b"a shared secret that has no place in here")},
            {"kty": "quantum", "kid": "q"},
        ]})
    }

    fn sign(&self, algorithm: &str, kid: Option<&str>) -> String {
        let mut header = json!({"alg": algorithm});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        signed(&header, &good(), |message| match algorithm {
            "RS256" => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).unwrap();
                signature
            }
            "ES256" => self.ec.sign(&self.random, message).unwrap().as_ref().to_vec(),
            _ => self.ed.sign(message).as_ref().to_vec(),
        })
    }
}

fn key_file(set: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(set.to_string().as_bytes()).unwrap();
    file
}

async fn with_key_file(file: &tempfile::NamedTempFile) -> Tokens {
    let path = file.path().display().to_string();
    tokens(|settings| settings.jwks = Some(path)).await
}

#[tokio::test]
async fn each_algorithm_is_checked_by_its_own_key() {
    let pairs = Pairs::new();
    let file = key_file(&pairs.set());
    let tokens = with_key_file(&file).await;
    for (algorithm, kid) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "d")] {
        assert!(tokens.identify(&pairs.sign(algorithm, Some(kid))).await.is_ok(), "{algorithm}");
        assert!(tokens.identify(&pairs.sign(algorithm, None)).await.is_ok(), "{algorithm}");
        for wrong in ["r", "e", "d", "o", "q", "x", ""].into_iter().filter(|wrong| *wrong != kid) {
            refused(&tokens, &pairs.sign(algorithm, Some(wrong))).await;
        }
        let foreign = Pairs::new();
        if algorithm != "RS256" {
            refused(&tokens, &foreign.sign(algorithm, Some(kid))).await;
        }
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    let pairs = Pairs::new();
    let set = pairs.set();
    let file = key_file(&set);
    let path = file.path().display().to_string();
    let mut settings = Config::default().tokens;
    settings.jwks = Some(path);
    let clock = Arc::new(TestClock(AtomicU64::new(NOW)));
    let tokens = Tokens::start(None, settings, clock).await.unwrap();
    let rsa = rsa::PublicKeyComponents::<Vec<u8>>::from(pairs.rsa.public());
    let secrets = [
        rsa.n,
        pairs.rsa.public().as_ref().to_vec(),
        set["keys"][0].to_string().into_bytes(),
        b"a shared secret that has no place in here".to_vec(),
    ];
    for secret in secrets {
        for kid in ["r", "o"] {
            let header = json!({"alg": "HS256", "kid": kid});
            refused(&tokens, &signed(&header, &good(), by_secret(&secret))).await;
        }
    }
}

#[tokio::test]
async fn a_changed_key_file_is_read_again_and_a_broken_one_changes_nothing() {
    let (old, new) = (Pairs::new(), Pairs::new());
    let file = key_file(&old.set());
    let tokens = with_key_file(&file).await;
    assert!(tokens.identify(&old.sign("EdDSA", Some("d"))).await.is_ok());
    std::fs::write(file.path(), "{}").unwrap();
    tokens.reload().await;
    assert!(tokens.identify(&old.sign("EdDSA", Some("d"))).await.is_ok());
    std::fs::write(file.path(), new.set().to_string()).unwrap();
    tokens.reload().await;
    assert!(tokens.identify(&new.sign("EdDSA", Some("d"))).await.is_ok());
    refused(&tokens, &old.sign("EdDSA", Some("d"))).await;
}

/// A place that serves a key set over HTTP and counts who asks.
struct Place {
    url: String,
    body: Arc<std::sync::Mutex<String>>,
    asked: Arc<AtomicU64>,
}

impl Place {
    async fn serving(body: String) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (body, asked) = (Arc::new(std::sync::Mutex::new(body)), Arc::new(AtomicU64::new(0)));
        let answer = {
            let (body, asked) = (body.clone(), asked.clone());
            move || {
                asked.fetch_add(1, Ordering::Relaxed);
                std::future::ready(body.lock().unwrap().clone())
            }
        };
        let router = axum::Router::new().route("/keys", axum::routing::get(answer));
        let options = caffis_transport::tcp::Options::new(vec!["127.0.0.1:0".parse().unwrap()]);
        let server = caffis_transport::tcp::serve(options, router).unwrap();
        let url = format!("http://{}/keys", server.addresses()[0]);
        // Lives as long as the test's runtime.
        tokio::spawn(async move {
            let _server = server;
            std::future::pending::<()>().await;
        });
        Self { url, body, asked }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn an_unknown_key_fetches_the_set_again_but_not_too_often() {
    let (old, new) = (Pairs::new(), Pairs::new());
    let place = Place::serving(old.set().to_string()).await;
    let with_interval = |interval| {
        let url = place.url.clone();
        tokens(move |settings| {
            settings.jwks = Some(url);
            settings.jwks_interval = interval;
        })
    };
    let eager = with_interval(Duration::ZERO).await;
    let patient = with_interval(Duration::from_secs(3_600)).await;
    for tokens in [&eager, &patient] {
        assert!(tokens.identify(&old.sign("EdDSA", Some("d"))).await.is_ok());
    }
    assert_eq!(place.asked(), 2);
    let renamed = new.set().to_string().replace("\"d\"", "\"d2\"");
    *place.body.lock().unwrap() = renamed;
    assert!(eager.identify(&new.sign("EdDSA", Some("d2"))).await.is_ok());
    assert_eq!(place.asked(), 3);
    for number in 0..50 {
        refused(&patient, &new.sign("EdDSA", Some(&number.to_string()))).await;
    }
    assert_eq!(place.asked(), 3);
}

#[tokio::test]
async fn without_any_key_set_nobody_is_told_that_their_token_is_wrong() {
    let large = Place::serving(" ".repeat(keys::MAX_BYTES + 1)).await;
    let gone = "http://127.0.0.1:1/keys".to_owned();
    for url in [large.url, gone] {
        let tokens = tokens(|settings| settings.jwks = Some(url)).await;
        let outcome = tokens.identify(&Pairs::new().sign("ES256", Some("e"))).await;
        assert!(matches!(outcome, Err(TokenError::Unavailable(_))), "{outcome:?}");
    }
}

#[test]
fn sets_that_cannot_be_used_are_refused() {
    for text in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
        assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
    }
    let many = vec![Pairs::new().set()["keys"][2].clone(); 101];
    assert!(KeySet::parse(json!({ "keys": many }).to_string().as_bytes()).is_err());
    assert!(KeySet::parse(&vec![b' '; keys::MAX_BYTES + 1]).is_err());
}

#[test]
fn only_encrypted_or_local_addresses_are_asked_for_keys() {
    for good in ["keys.json", "https://id.example/keys", "http://127.0.0.1:1/keys", "http://[::1]/"]
    {
        assert!(is_jwks_location(good), "{good}");
    }
    for bad in ["", "http://id.example/keys", "ftp://id.example/keys", "http://127.0.0.1.example/"]
    {
        assert!(!is_jwks_location(bad), "{bad}");
    }
}

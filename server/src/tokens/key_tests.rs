//! Key sets: each algorithm by its own key, from a file or an address.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use serde_json::{Value, json};

use super::{
    tests::{NOW, TestClock, by_secret, good, refused, signed, tokens},
    *,
};
use crate::config::Config;

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

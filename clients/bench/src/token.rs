//! Tokens: HS256 with the secret that the server is started with.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;

/// The secret of the servers that the benchmark starts, and of nothing else.
pub(crate) const SECRET: &str = "a secret for benchmarks, at least thirty-two bytes";

/// A token for this person, valid for a day.
pub(crate) fn mint(user: &str) -> String {
    sign(user, serde_json::Value::Null)
}

/// A token for a service that may do this, valid for a day.
pub(crate) fn mint_service(name: &str, right: &str) -> String {
    sign(name, format!("service:{right}").into())
}

fn sign(user: &str, scope: serde_json::Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims =
        serde_json::json!({ "sub": user, "iat": now, "exp": now + 86_400, "scope": scope });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signed = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

//! Which tokens are accepted.

use super::units::{DAY, HOUR, MINUTE, SECOND};
use crate::config::{
    field::{Field, SECRET_BYTES},
    setting::{Group, Setting, setting},
    valid::{is_jwks_location, is_word},
};

const GROUP: Group = Group::Tokens;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "token_secret",
        GROUP,
        "Shared secret for HS256 tokens; empty: none or, with dev, the built-in one",
        Field::Secret(|c| &mut c.tokens.secret, SECRET_BYTES),
    ),
    setting(
        "token_jwks",
        GROUP,
        "Key set (JWKS) for RS256, ES256 and EdDSA tokens; empty: none",
        Field::Maybe(
            |c| &mut c.tokens.jwks,
            is_jwks_location,
            "a file, an https:// address, or an http:// address of this machine",
        ),
    ),
    setting(
        "token_issuer",
        GROUP,
        "Issuers (iss) that are accepted; empty: any",
        Field::Words(|c| &mut c.tokens.issuers, is_word, "texts without commas, up to 256 bytes"),
    ),
    setting(
        "token_audience",
        GROUP,
        "Audiences (aud) that are accepted; empty: tokens must not name one",
        Field::Words(|c| &mut c.tokens.audiences, is_word, "texts without commas, up to 256 bytes"),
    ),
    setting(
        "token_leeway",
        GROUP,
        "How far the clocks of server and issuer may differ",
        Field::Time(|c| &mut c.tokens.leeway, 0, 10 * MINUTE),
    ),
    setting(
        "token_jwks_interval",
        GROUP,
        "The least time between two fetches of the key set because of an unknown key",
        Field::Time(|c| &mut c.tokens.jwks_interval, SECOND, HOUR),
    ),
    setting(
        "token_jwks_age",
        GROUP,
        "The age at which the key set is fetched again, so that withdrawn keys are dropped",
        Field::Time(|c| &mut c.tokens.jwks_age, 10 * SECOND, 7 * DAY),
    ),
];

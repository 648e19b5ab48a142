//! `Idempotency-Key`: the key of a command, as a header.
//!
//! Its id is a UUID. One of version 7 says when it was made, which is all that the server needs. With another id
//! the time is a parameter, and so may be the head of the room that the client knew, as in a command that
//! was sent over a connection before: `"8f2e64b1c5d7490aa1b2c3d4e5f60718";time=1795000000123;head=7`.

use axum::http::{HeaderMap, HeaderName};
use caffis_schema::{ClientId, ErrorCode, Position, Timestamp, ids::MAX_EXACT, room::ClientKey};

use super::problem::Problem;

/// The header.
pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// What a key looks like, as a regular expression.
pub(super) const PATTERN: &str = "^\"?[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}\"?\
     (; ?time=[0-9]{1,16})?(; ?head=[0-9]{1,16})?$";

/// Where the dashes of a UUID are.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// The key of a request.
pub(super) fn of(headers: &HeaderMap) -> Result<ClientKey, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let key = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(parse),
        _ => None,
    };
    key.ok_or_else(|| {
        let sentence = "This needs one header Idempotency-Key with a UUID of version 7, made once for \
                        what is to be done and the same each time that it is sent.";
        Problem::bad(ErrorCode::Invalid, sentence)
    })
}

fn parse(text: &str) -> Option<ClientKey> {
    let mut parts = text.split(';').map(str::trim);
    let id = parts.next()?;
    let id = match id.strip_prefix('"') {
        Some(id) => id.strip_suffix('"')?,
        None => id,
    };
    let id = uuid(id)?;
    let (mut time, mut head) = (None, None);
    for part in parts {
        let (name, number) = part.split_once('=')?;
        let number = number.parse().ok().filter(|number| *number <= MAX_EXACT);
        match name {
            "time" if time.is_none() => time = Some(number?),
            "head" if head.is_none() => head = Some(number?),
            _ => return None,
        }
    }
    let time = time.or_else(|| made(id))?;
    let head = Position(head.unwrap_or_default());
    Some(ClientKey { id: ClientId(id.to_be_bytes()), time: Timestamp(time), head })
}

/// The number of a UUID, with or without its dashes.
fn uuid(text: &str) -> Option<u128> {
    let digits = match text.len() {
        32 => text.to_owned(),
        36 => {
            let dashes = text.match_indices('-').map(|(at, _)| at);
            dashes.eq(DASHES).then(|| text.replace('-', ""))?
        }
        _ => return None,
    };
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    all.then(|| u128::from_str_radix(&digits, 16).ok())?
}

/// When a UUID of version 7 was made, in milliseconds since 1970.
fn made(id: u128) -> Option<u64> {
    let (version, variant) = (id >> 76 & 0xf, id >> 62 & 0x3);
    (version == 7 && variant == 2).then(|| u64::try_from(id >> 80).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in RFC 9562, appendix A.6: Tuesday, 22 February 2022, 19:22:22.
    const UUID: &str = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F";

    #[test]
    fn a_uuid_of_version_7_says_when_it_was_made() {
        let key = parse(UUID).unwrap();
        assert_eq!(key.time, Timestamp(1_645_557_742_000));
        assert_eq!(key.id.to_string(), "017f22e279b07cc398c4dc0c0c07398f");
        assert_eq!(key.head, Position::ZERO);
        for same in [
            UUID.to_lowercase(),
            UUID.replace('-', ""),
            format!("\"{UUID}\""),
            format!("\"{UUID}\"; head=0"),
            format!("{UUID};time=1645557742000"),
        ] {
            assert_eq!(parse(&same), Some(key), "{same}");
        }
    }

    #[test]
    fn a_key_of_the_protocol_is_written_with_its_time_and_head() {
        let key = parse("\"8f2e64b1c5d7490aa1b2c3d4e5f60718\";time=1795000000123;head=7").unwrap();
        assert_eq!(key.id.to_string(), "8f2e64b1c5d7490aa1b2c3d4e5f60718");
        assert_eq!((key.time.get(), key.head.get()), (1_795_000_000_123, 7));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "order-17",
            "8f2e64b1c5d7490aa1b2c3d4e5f60718",
            "017F22E2-79B0-4CC3-98C4-DC0C0C07398F",
            "017F22E279B0-7CC3-98C4-DC0C0C07398F-",
            "\"017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F;time=x",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F;time=1;time=1",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F;tail=1",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F;time=9007199254740992",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! A change of a user as the body of a webhook.

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::Value;

/// Bytes of the hash that make the id of an event.
const ID_BYTES: usize = 16;

/// A user as of a version.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) version: i64,
    /// The mapped columns as JSON; none: deleted.
    pub(crate) payload: Option<String>,
    /// When it changed, in the form of RFC 3339.
    pub(crate) at: String,
    /// The installation, and how often it has sent everything again: part of the id.
    pub(crate) series: String,
}

/// Why a change cannot be an event.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(
        "a mapped column was renamed or dropped: install again with a map that fits, then resync"
    )]
    MissingColumn,
    #[error("the outbox has a row that is no JSON object")]
    Malformed,
}

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    timestamp: &'a str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Upserted(User<'a>),
    Deleted { id: &'a str, version: i64 },
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    version: i64,
    name: String,
    picture: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    quiet_hours: Option<QuietHours>,
    roles: Vec<String>,
}

#[derive(Serialize)]
struct QuietHours {
    start: String,
    end: String,
}

impl Change {
    /// The id of the event: the same for every attempt, by whatever relay.
    pub(crate) fn id(&self) -> String {
        let parts = [&*self.series, &self.version.to_string(), &*self.key];
        let hash = digest(&SHA256, parts.join("\n").as_bytes());
        let hex: String = hash.as_ref()[..ID_BYTES].iter().map(|b| format!("{b:02x}")).collect();
        format!("msg_{hex}")
    }

    /// The body of the webhook.
    pub(crate) fn body(&self) -> Result<String, Unusable> {
        let (id, version, timestamp) = (self.key.as_str(), self.version, self.at.as_str());
        let event = match &self.payload {
            None => {
                Event { r#type: "user.deleted", timestamp, data: Data::Deleted { id, version } }
            }
            Some(payload) => Event {
                r#type: "user.upserted",
                timestamp,
                data: Data::Upserted(user(id, version, payload)?),
            },
        };
        serde_json::to_string(&event).map_err(|_| Unusable::Malformed)
    }
}

fn user<'a>(id: &'a str, version: i64, payload: &str) -> Result<User<'a>, Unusable> {
    let Ok(Value::Object(columns)) = serde_json::from_str(payload) else {
        return Err(Unusable::Malformed);
    };
    if columns.contains_key("!missing") {
        return Err(Unusable::MissingColumn);
    }
    let text = |field: &str| columns.get(field).and_then(text);
    let start = text("quiet_start").map(minutes);
    let quiet_hours = start.zip(text("quiet_end").map(minutes));
    Ok(User {
        id,
        version,
        name: text("name").unwrap_or_else(|| id.to_owned()),
        picture: text("picture"),
        locale: text("locale"),
        time_zone: text("time_zone"),
        quiet_hours: quiet_hours.map(|(start, end)| QuietHours { start, end }),
        roles: columns.get("roles").map(roles).unwrap_or_default(),
    })
}

/// A value as text; nothing for null and for what is empty.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (!text.trim().is_empty()).then_some(text)
}

/// `22:00:00` of a column of type time as `22:00`.
fn minutes(time: String) -> String {
    let mut parts = time.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(hour), Some(minute), Some(_)) => format!("{hour}:{minute}"),
        _ => time,
    }
}

/// An array, or a text with commas, as a list.
fn roles(value: &Value) -> Vec<String> {
    let list: Vec<String> = match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        Value::String(text) => text.split(',').map(|role| role.trim().to_owned()).collect(),
        _ => Vec::new(),
    };
    list.into_iter().filter(|role| !role.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(payload: Option<&str>) -> Change {
        let at = "2026-11-26T12:00:00Z".to_owned();
        let payload = payload.map(str::to_owned);
        Change { key: "u1".to_owned(), version: 7, payload, at, series: "i 0".to_owned() }
    }

    #[test]
    fn an_event_has_the_agreed_form() {
        let payload = r#"{"name":"Aïko","picture":"https://a/b.png","locale":"it-IT","time_zone":"Europe/Rome",
            "roles":["admin"],"quiet_start":"22:00:00","quiet_end":"07:00:00"}"#;
        assert_eq!(
            change(Some(payload)).body().unwrap(),
            r#"{"type":"user.upserted","timestamp":"2026-11-26T12:00:00Z","data":{"id":"u1","version":7,"name":"Aïko","picture":"https://a/b.png","locale":"it-IT","time_zone":"Europe/Rome","quiet_hours":{"start":"22:00","end":"07:00"},"roles":["admin"]}}"#
        );
        assert_eq!(
            change(None).body().unwrap(),
            r#"{"type":"user.deleted","timestamp":"2026-11-26T12:00:00Z","data":{"id":"u1","version":7}}"#
        );
    }

    #[test]
    fn what_is_not_mapped_or_null_is_left_out() {
        let body =
            change(Some(r#"{"name":null,"picture":"","roles":"a, b,","quiet_start":"22:00"}"#));
        assert_eq!(
            body.body().unwrap(),
            r#"{"type":"user.upserted","timestamp":"2026-11-26T12:00:00Z","data":{"id":"u1","version":7,"name":"u1","picture":null,"locale":null,"time_zone":null,"quiet_hours":null,"roles":["a","b"]}}"#
        );
    }

    #[test]
    fn a_row_of_another_map_is_refused() {
        let said = |payload| change(Some(payload)).body().unwrap_err();
        assert_eq!(said(r#"{"!missing":true}"#), Unusable::MissingColumn);
        assert_eq!(said("[]"), Unusable::Malformed);
    }

    #[test]
    fn the_id_is_of_the_user_and_the_version() {
        let one = change(None);
        assert_eq!(one.id(), change(Some("{}")).id());
        assert_ne!(one.id(), Change { version: 8, ..one.clone() }.id());
        assert_ne!(one.id(), Change { series: "i 1".to_owned(), ..one.clone() }.id());
        assert_ne!(one.id(), Change { key: "u2".to_owned(), ..one.clone() }.id());
    }
}

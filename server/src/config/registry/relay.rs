//! How users are mirrored from PostgreSQL.

use caffis_relay::{is_database, is_endpoint, is_name, is_secret};

use super::units::{HOUR, MINUTE, SECOND};
use crate::config::{
    field::{Field, Number},
    model::Config,
    setting::{Group, Setting, setting},
};

const GROUP: Group = Group::Relay;

/// What a name in PostgreSQL may be.
const NAME: &str = "a name of up to 63 bytes without $ and @";

/// A column that may be absent.
const fn column(
    key: &'static str,
    help: &'static str,
    at: fn(&mut Config) -> &mut Option<String>,
) -> Setting {
    setting(key, GROUP, help, Field::Maybe(at, is_name, NAME))
}

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "pg_relay_database",
        GROUP,
        "The main application's PostgreSQL: as the role of the relay, and to install as the owner of the table",
        Field::Address(
            |c| &mut c.relay.database,
            is_database,
            "postgresql://[user[:password]@]host[:port][,host[:port]]/database[?sslmode=require]",
        ),
    ),
    setting(
        "pg_relay_database_password",
        GROUP,
        "Its password, instead of the one in pg_relay_database; empty: none",
        Field::Secret(|c| &mut c.relay.database_password, 1),
    ),
    setting(
        "pg_relay_database_ca",
        GROUP,
        "Root certificates (PEM) for the TLS certificate of PostgreSQL; empty: the machine's",
        Field::File(|c| &mut c.relay.database_ca),
    ),
    setting(
        "pg_relay_schema",
        GROUP,
        "The schema of the outbox; relays of one schema share the work",
        Field::Text(|c| &mut c.relay.schema, is_name, NAME),
    ),
    setting(
        "pg_relay_role",
        GROUP,
        "The role of relays, which install makes and gives its few rights",
        Field::Text(|c| &mut c.relay.role, is_name, NAME),
    ),
    setting(
        "pg_relay_role_password",
        GROUP,
        "Its password, which install sets; empty: it is left as it is",
        Field::Secret(|c| &mut c.relay.role_password, 1),
    ),
    setting(
        "pg_relay_endpoint",
        GROUP,
        "Where events of users are posted to",
        Field::Maybe(
            |c| &mut c.relay.endpoint,
            is_endpoint,
            "an address such as https://chat.example.org/api/chat/hooks/main, without user and password",
        ),
    ),
    setting(
        "pg_relay_endpoint_ca",
        GROUP,
        "Root certificates (PEM) for the receiver, besides the machine's; empty: none",
        Field::File(|c| &mut c.relay.endpoint_ca),
    ),
    setting(
        "pg_relay_secrets",
        GROUP,
        "What events are signed with; while one replaces another, both",
        Field::Secrets(
            |c| &mut c.relay.secrets,
            is_secret,
            "whsec_ and at least 24 bytes in base64",
        ),
    ),
    setting(
        "pg_relay_table",
        GROUP,
        "The users table, with its schema unless that is in the search path",
        Field::Text(|c| &mut c.relay.columns.table, is_path, "table, or schema.table"),
    ),
    setting(
        "pg_relay_key",
        GROUP,
        "The column of the user's id, which tokens have as sub",
        Field::Text(|c| &mut c.relay.columns.key, is_name, NAME),
    ),
    column("pg_relay_name", "The column of the name; empty: none, so the id is shown", |c| {
        &mut c.relay.columns.name
    }),
    column("pg_relay_picture", "The column of the picture's address; empty: none", |c| {
        &mut c.relay.columns.picture
    }),
    column("pg_relay_locale", "The column of the language (BCP 47); empty: none", |c| {
        &mut c.relay.columns.locale
    }),
    column("pg_relay_time_zone", "The column of the time zone (IANA); empty: none", |c| {
        &mut c.relay.columns.time_zone
    }),
    column(
        "pg_relay_roles",
        "The column of the roles: an array, or a text with commas; empty: none",
        |c| &mut c.relay.columns.roles,
    ),
    column("pg_relay_quiet_start", "The column of when quiet hours begin; empty: none", |c| {
        &mut c.relay.columns.quiet_start
    }),
    column("pg_relay_quiet_end", "The column of when quiet hours end; empty: none", |c| {
        &mut c.relay.columns.quiet_end
    }),
    setting(
        "pg_relay_in_flight",
        GROUP,
        "Events that a relay sends at once",
        Field::Count(|c| Number::Usize(&mut c.relay.limits.in_flight), 1, 1_024),
    ),
    setting(
        "pg_relay_request_timeout",
        GROUP,
        "How long the receiver may take for one event",
        Field::Time(|c| &mut c.relay.limits.request_timeout, 100, MINUTE),
    ),
    setting(
        "pg_relay_lease",
        GROUP,
        "How long a user that a relay has taken is its own: after a crash others wait as long",
        Field::Time(|c| &mut c.relay.limits.lease, SECOND, 10 * MINUTE),
    ),
    setting(
        "pg_relay_retry_first",
        GROUP,
        "The wait after a failed attempt; each further one doubles it",
        Field::Time(|c| &mut c.relay.limits.retry_first, 10, HOUR),
    ),
    setting(
        "pg_relay_retry_longest",
        GROUP,
        "The longest wait between two attempts",
        Field::Time(|c| &mut c.relay.limits.retry_longest, 10, 24 * HOUR),
    ),
    setting(
        "pg_relay_poll",
        GROUP,
        "How often the outbox is looked at without being woken",
        Field::Time(|c| &mut c.relay.limits.poll, 100, MINUTE),
    ),
    setting(
        "pg_relay_fill_rate",
        GROUP,
        "Users in a second that the first fill and a resync put in line, all relays together",
        Field::Count(|c| Number::U64(&mut c.relay.limits.fill_rate), 1, 1_000_000),
    ),
];

fn is_path(text: &str) -> bool {
    text.splitn(2, '.').all(is_name)
}

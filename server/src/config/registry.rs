//! Every setting, declared once.

use super::{
    field::{Field, Number, SECRET_BYTES},
    setting::{Group, Setting},
    shared::{is_bus, is_copies, is_store},
    valid::{
        is_context, is_directory, is_domain, is_filter, is_host, is_jwks_location, is_mail,
        is_origin, is_word,
    },
};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

const fn setting(key: &'static str, group: Group, help: &'static str, field: Field) -> Setting {
    Setting { key, group, help, field }
}

const fn count(key: &'static str, help: &'static str, field: Field) -> Setting {
    setting(key, Group::Limits, help, field)
}

const fn time(key: &'static str, help: &'static str, field: Field) -> Setting {
    setting(key, Group::Times, help, field)
}

/// All settings.
pub static SETTINGS: &[Setting] = &[
    setting(
        "dev",
        Group::General,
        "Development: built-in secret, demo users and rooms, loopback only",
        Field::Switch(|c| &mut c.dev),
    ),
    setting(
        "data",
        Group::General,
        "The folder of the store and the control socket",
        Field::Folder(|c| &mut c.data),
    ),
    setting(
        "listen",
        Group::Network,
        "Where to listen on TCP (HTTP, WebSocket); empty: [::]:5002 or, with dev, 127.0.0.1:5002,[::1]:5002",
        Field::Addresses(|c| &mut c.listen),
    ),
    setting(
        "listen_quic",
        Group::Network,
        "Where to listen on UDP (WebTransport, QUIC); empty: the addresses and ports of TCP",
        Field::Addresses(|c| &mut c.listen_quic),
    ),
    setting(
        "tls_certificate",
        Group::Network,
        "Certificate chain (PEM), read again when it changes and on SIGHUP; empty: a short-lived self-signed certificate on UDP, no TLS on TCP",
        Field::File(|c| &mut c.tls_certificate),
    ),
    setting(
        "tls_key",
        Group::Network,
        "Private key of the certificate (PEM)",
        Field::File(|c| &mut c.tls_key),
    ),
    setting(
        "acme_domains",
        Group::Network,
        "Names of a certificate to obtain by ACME, instead of tls_certificate; port 443 of all of them must lead to TCP",
        Field::Words(
            |c| &mut c.acme.domains,
            is_domain,
            "domain names, no IP addresses and no wildcards",
        ),
    ),
    setting(
        "acme_agree_tos",
        Group::Network,
        "Whether you agree to the terms of service of the ACME certificate authority",
        Field::Switch(|c| &mut c.acme.agree_tos),
    ),
    setting(
        "acme_contact",
        Group::Network,
        "Email address for the ACME certificate authority; empty: none",
        Field::Maybe(|c| &mut c.acme.contact, is_mail, "a mail address"),
    ),
    setting(
        "acme_directory",
        Group::Network,
        "Directory of the ACME certificate authority",
        Field::Text(|c| &mut c.acme.directory, is_directory, "an https:// address"),
    ),
    setting(
        "acme_ca",
        Group::Network,
        "Root certificates (PEM) for the directory's own TLS certificate; empty: the machine's",
        Field::File(|c| &mut c.acme.ca),
    ),
    setting(
        "hosts",
        Group::Network,
        "Names or addresses by which clients reach the server, by default acme_domains if set; the certificate must be valid for all of them",
        Field::Words(|c| &mut c.hosts, is_host, "host names or IP addresses"),
    ),
    setting(
        "origins",
        Group::Network,
        "Origins of web pages that may connect; empty: only pages of this server and of its hosts",
        Field::Words(|c| &mut c.origins, is_origin, "origins such as https://example.org, or *"),
    ),
    setting(
        "trusted_proxies",
        Group::Network,
        "Networks of reverse proxies whose X-Forwarded-For is trusted; empty: none",
        Field::Networks(|c| &mut c.trusted_proxies),
    ),
    setting(
        "proxy_protocol",
        Group::Network,
        "Whether trusted_proxies begin each TCP connection with a PROXY protocol header (v1 or v2)",
        Field::Switch(|c| &mut c.proxy_protocol),
    ),
    setting(
        "max_connections",
        Group::Network,
        "Connections at the same time, over all transports",
        Field::Count(|c| Number::U32(&mut c.max_connections), 1, 1_000_000),
    ),
    setting(
        "max_waiting",
        Group::Network,
        "Of these, connections that have not said hello yet; beyond it the oldest of them is dropped",
        Field::Count(|c| Number::U32(&mut c.max_waiting), 1, 1_000_000),
    ),
    setting(
        "token_secret",
        Group::Tokens,
        "Shared secret for HS256 tokens; empty: none or, with dev, the built-in one",
        Field::Secret(|c| &mut c.tokens.secret, SECRET_BYTES),
    ),
    setting(
        "token_jwks",
        Group::Tokens,
        "Key set (JWKS) for RS256, ES256 and EdDSA tokens; empty: none",
        Field::Maybe(
            |c| &mut c.tokens.jwks,
            is_jwks_location,
            "a file, an https:// address, or an http:// address of this machine",
        ),
    ),
    setting(
        "token_issuer",
        Group::Tokens,
        "Issuers (iss) that are accepted; empty: any",
        Field::Words(|c| &mut c.tokens.issuers, is_word, "texts without commas, up to 256 bytes"),
    ),
    setting(
        "token_audience",
        Group::Tokens,
        "Audiences (aud) that are accepted; empty: tokens must not name one",
        Field::Words(|c| &mut c.tokens.audiences, is_word, "texts without commas, up to 256 bytes"),
    ),
    setting(
        "token_leeway",
        Group::Tokens,
        "How far the clocks of server and issuer may differ",
        Field::Time(|c| &mut c.tokens.leeway, 0, 10 * MINUTE),
    ),
    setting(
        "token_jwks_interval",
        Group::Tokens,
        "The least time between two fetches of the key set because of an unknown key",
        Field::Time(|c| &mut c.tokens.jwks_interval, SECOND, HOUR),
    ),
    setting(
        "token_jwks_age",
        Group::Tokens,
        "The age at which the key set is fetched again, so that withdrawn keys are dropped",
        Field::Time(|c| &mut c.tokens.jwks_age, 10 * SECOND, 7 * DAY),
    ),
    setting(
        "store",
        Group::Store,
        "CQL servers (ScyllaDB, Apache Cassandra) that keep everything; needs bus; empty: the data folder",
        Field::Address(
            |c| &mut c.store.address,
            is_store,
            "scylla://[user[:password]@]host[:port][,host[:port]]/keyspace",
        ),
    ),
    setting(
        "store_user",
        Group::Store,
        "User of the CQL servers, instead of the one in store; empty: none",
        Field::Maybe(|c| &mut c.store.user, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "store_password",
        Group::Store,
        "Password of the CQL servers, instead of the one in store; empty: none",
        Field::Secret(|c| &mut c.store.password, 1),
    ),
    setting(
        "store_data_centre",
        Group::Store,
        "The CQL servers' data centre in which this node is; needed if they are in several",
        Field::Maybe(|c| &mut c.store.data_centre, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "store_replication",
        Group::Store,
        "Copies of each row, for a keyspace that is made: one number, or a number for each data centre",
        Field::Words(
            |c| &mut c.store.replication,
            is_copies,
            "a number from 1 to 9, or data centres with numbers such as milan:3,rome:3",
        ),
    ),
    setting(
        "store_reserve",
        Group::Store,
        "Free disk space below which writes are refused",
        Field::Size(|c| Number::U64(&mut c.store_reserve), 0, 1024 * GIB),
    ),
    setting(
        "store_cache",
        Group::Store,
        "Memory for blocks read from disk",
        Field::Size(|c| Number::U64(&mut c.store_cache), MIB, 1024 * GIB),
    ),
    setting(
        "bus",
        Group::Cluster,
        "Redis, or a Redis Cluster, through which the nodes talk; needs store; empty: one node",
        Field::Address(
            |c| &mut c.cluster.bus,
            is_bus,
            "redis://[user[:password]@]host[:port][,host[:port]][/name], or rediss:// for TLS",
        ),
    ),
    setting(
        "bus_password",
        Group::Cluster,
        "Password of Redis, instead of the one in bus; empty: none",
        Field::Secret(|c| &mut c.cluster.bus_password, 1),
    ),
    setting(
        "bus_ca",
        Group::Cluster,
        "Root certificates (PEM) for the TLS certificate of Redis; empty: the machine's",
        Field::File(|c| &mut c.cluster.bus_ca),
    ),
    setting(
        "node_name",
        Group::Cluster,
        "What this node is called in logs and by `caffis-chat cluster`; empty: the machine's name",
        Field::Maybe(|c| &mut c.cluster.node_name, is_word, "a text of up to 256 bytes"),
    ),
    setting(
        "lease_time",
        Group::Cluster,
        "How long a node's rooms are its own without a renewal: after a crash they wait about as long; the same on all nodes",
        Field::Time(|c| &mut c.cluster.lease.lease_time, 100, 10 * MINUTE),
    ),
    setting(
        "lease_renewal",
        Group::Cluster,
        "How often a node renews its lease, at most a third of lease_time; the same on all nodes",
        Field::Time(|c| &mut c.cluster.lease.lease_renewal, 10, MINUTE),
    ),
    setting(
        "lease_drift",
        Group::Cluster,
        "How far the clocks of two nodes may drift apart within lease_time, at least a hundredth of it; the same on all nodes",
        Field::Time(|c| &mut c.cluster.lease.lease_drift, 1, MINUTE),
    ),
    setting(
        "log_format",
        Group::Logs,
        "The format of the logs",
        Field::LogFormat(|c| &mut c.log_format),
    ),
    setting(
        "log_filter",
        Group::Logs,
        "The filter of the logs",
        Field::Text(
            |c| &mut c.log_filter,
            is_filter,
            "a level (error, warn, info, debug, trace) or directives such as info,caffis_core=debug",
        ),
    ),
    count(
        "text_chars",
        "The longest text, in characters",
        Field::Count(|c| Number::U32(&mut c.core.text_chars), 1, 8_000),
    ),
    count(
        "public_text_chars",
        "The longest text in a public room, in characters",
        Field::Count(|c| Number::U32(&mut c.core.public_text_chars), 1, 8_000),
    ),
    count(
        "messages_per_second",
        "Messages that a user may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.messages_per_second), 1, 1_000_000),
    ),
    count(
        "commands_per_second",
        "Commands of every kind that a user may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.commands_per_second), 1, 1_000_000),
    ),
    count(
        "address_commands_per_second",
        "Commands that all users of one address may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.address_commands_per_second), 1, 10_000_000),
    ),
    count(
        "signals_per_second",
        "Typing signals that a session may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.signals_per_second), 1, 1_000_000),
    ),
    count(
        "address_connects_per_second",
        "New connections from one address (IPv6: one /64), per second",
        Field::Count(|c| Number::U32(&mut c.core.address_connects_per_second), 1, 1_000_000),
    ),
    count(
        "connections_per_address",
        "Connections at the same time from one address (IPv6: one /64)",
        Field::Count(|c| Number::U32(&mut c.core.connections_per_address), 1, 1_000_000),
    ),
    count(
        "connections_per_user",
        "Connections at the same time of one user",
        Field::Count(|c| Number::U32(&mut c.core.connections_per_user), 1, 1_000_000),
    ),
    count(
        "commands_in_flight",
        "Commands of one session in flight at the same time; further ones wait",
        Field::Count(|c| Number::U32(&mut c.core.commands_in_flight), 1, 10_000),
    ),
    count(
        "open_rooms",
        "Rooms that one session may have open",
        Field::Count(|c| Number::U32(&mut c.core.open_rooms), 1, 10_000),
    ),
    count(
        "rooms_per_user",
        "Rooms that a user may be in",
        Field::Count(|c| Number::U32(&mut c.core.rooms_per_user), 1, 10_000),
    ),
    count(
        "members_per_room",
        "Members that a room may have",
        Field::Count(|c| Number::U32(&mut c.core.members_per_room), 2, 100_000),
    ),
    count(
        "small_room_members",
        "A room with up to this many members is small: its messages come to the inbox, with receipts, presence and typing",
        Field::Count(|c| Number::U32(&mut c.core.small_room_members), 2, 100),
    ),
    count(
        "session_queue_bytes",
        "Bytes that may wait to be written to one session; beyond it messages are dropped and fetched again by resume",
        Field::Size(|c| Number::Usize(&mut c.core.session_queue_bytes), 64 * KIB, GIB),
    ),
    count(
        "room_queue",
        "Commands that may wait for one room",
        Field::Count(|c| Number::Usize(&mut c.core.room_queue), 1, 1_000_000),
    ),
    count(
        "idle_rooms",
        "Rooms kept in memory while nobody uses them",
        Field::Count(|c| Number::Usize(&mut c.core.idle_rooms), 0, 10_000_000),
    ),
    count(
        "cached_people",
        "People whose names and settings are kept in memory",
        Field::Count(|c| Number::Usize(&mut c.core.cached_people), 1, 10_000_000),
    ),
    count(
        "idle_bytes",
        "Memory for rooms that nobody uses",
        Field::Size(|c| Number::Usize(&mut c.core.idle_bytes), MIB, 1024 * GIB),
    ),
    count(
        "ring_entries",
        "Recent entries kept in memory for each room",
        Field::Count(|c| Number::Usize(&mut c.core.ring_entries), 1, 10_000),
    ),
    count(
        "ring_bytes",
        "Memory for the recent entries of one room",
        Field::Size(|c| Number::Usize(&mut c.core.ring_bytes), KIB, GIB),
    ),
    count(
        "bucket_bytes",
        "What one partition of a room's log may hold; then it goes on in another",
        Field::Size(|c| Number::U64(&mut c.core.bucket_bytes), MIB, GIB),
    ),
    count(
        "resume_entries",
        "Missed entries that a resume may deliver; beyond it the client reloads",
        Field::Count(|c| Number::U64(&mut c.core.resume_entries), 1, 1_000_000),
    ),
    count(
        "open_rooms_made_per_day",
        "Rooms of open contexts that a person may make per day",
        Field::Count(|c| Number::U32(&mut c.core.open_rooms_made_per_day), 0, 1_000_000),
    ),
    count(
        "open_contexts",
        "Context types for which any user may make the room; others need a service's token",
        Field::Words(|c| &mut c.core.open_contexts, is_context, "words of up to 32 bytes"),
    ),
    time(
        "person_cache",
        "How long a person's row in memory is used before it is read again",
        Field::Time(|c| &mut c.core.person_cache, SECOND, DAY),
    ),
    time(
        "entry_retention",
        "How long entries other than messages are kept",
        Field::Seconds(|c| &mut c.core.entry_retention, SECOND, 3_650 * DAY),
    ),
    time(
        "activity_retention",
        "How long the record of active rooms is kept; nothing that follows rooms may lag longer",
        Field::Seconds(|c| &mut c.core.activity_retention, HOUR, 3_650 * DAY),
    ),
    time(
        "resend_window",
        "How long client ids are remembered",
        Field::Seconds(|c| &mut c.core.resend_window, SECOND, 365 * DAY),
    ),
    time(
        "handshake_timeout",
        "How long each step of a new connection may take: PROXY header, TLS handshake, first request, upgrade; on UDP everything until the first stream",
        Field::Time(|c| &mut c.handshake_timeout, 100, 10 * MINUTE),
    ),
    time(
        "stall_timeout",
        "How long an HTTP connection may go without a byte in either direction; noticed within twice that",
        Field::Time(|c| &mut c.stall_timeout, 11 * SECOND, HOUR),
    ),
    time(
        "hello_timeout",
        "How long a connection may take until its hello",
        Field::Time(|c| &mut c.core.hello_timeout, 100, 10 * MINUTE),
    ),
    time(
        "idle_timeout",
        "How long a session may be silent",
        Field::Time(|c| &mut c.core.idle_timeout, SECOND, HOUR),
    ),
    time(
        "offline_grace",
        "How long a client must be gone before others are told",
        Field::Time(|c| &mut c.core.offline_grace, 0, 10 * MINUTE),
    ),
    time(
        "store_timeout",
        "How long a command may wait for the store: a write then ends as unknown, a read as unavailable",
        Field::Time(|c| &mut c.core.store_timeout, 100, 10 * MINUTE),
    ),
    time(
        "room_timeout",
        "How long a list waits for one room; one that takes longer is listed as unreadable",
        Field::Time(|c| &mut c.core.room_timeout, 100, 10 * MINUTE),
    ),
    time(
        "gather",
        "How long writes to a busy session are gathered",
        Field::Time(|c| &mut c.core.gather, 0, SECOND),
    ),
    time(
        "active_ping",
        "How often an active client should ping",
        Field::Time(|c| &mut c.core.active_ping, 100, 10 * MINUTE),
    ),
    time(
        "idle_ping",
        "How often an idle client should ping",
        Field::Time(|c| &mut c.core.idle_ping, 100, 10 * MINUTE),
    ),
    time(
        "drain_delay",
        "After how long clients should come back after a drain",
        Field::Time(|c| &mut c.drain_delay, 0, 10 * MINUTE),
    ),
    time(
        "handover_within",
        "How long handing over rooms to other nodes may take before a drain",
        Field::Time(|c| &mut c.handover_within, 100, 10 * MINUTE),
    ),
    time(
        "drain_within",
        "How long a drain may take",
        Field::Time(|c| &mut c.drain_within, 100, 10 * MINUTE),
    ),
];

//! All metrics, with their names and what they say. docs/metrics.md lists them too.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::UNIX_EPOCH,
};

use caffis_core::{
    Admitted, Statistics,
    cluster::{Owner, Shard},
    outgoing::EndpointStatistics,
};
use caffis_schema::{PROTOCOL_VERSION, Timestamp, reply::Standing};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::{process, writer::Writer};
use crate::{
    http::{app::App, health},
    storage::Storage,
};

/// The commit from which the program was built, if its builder said so.
const REVISION: &str = match option_env!("CAFFIS_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The metrics of a server, as long as it lives.
pub(super) struct Page(Weak<App>);

impl Page {
    pub(super) fn new(app: &Arc<App>) -> Self {
        Self(Arc::downgrade(app))
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page")
    }
}

impl Collector for Page {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(app) = self.0.upgrade() else { return Ok(()) };
        let (mut writer, statistics) = (Writer(encoder), app.core.statistics());
        server(&mut writer, &app)?;
        connections(&mut writer, &app, &statistics)?;
        commands(&mut writer, &statistics)?;
        deliveries(&mut writer, &statistics)?;
        store(&mut writer, &app)?;
        search(&mut writer, &statistics)?;
        bus(&mut writer, &app, &statistics)?;
        ownership(&mut writer, &app)?;
        rest(&mut writer, &app)?;
        endpoints(&mut writer, &app.core.endpoints(), app.clock.now())?;
        process::write(&mut writer, app.meters.started)
    }
}

fn server(writer: &mut Writer<'_>, app: &App) -> fmt::Result {
    let store = match app.store {
        Storage::Embedded(_) => "embedded",
        Storage::Shared(_) => "shared",
    };
    let (version, protocol) = (env!("CARGO_PKG_VERSION"), PROTOCOL_VERSION.to_string());
    let about = ("caffis_build_info", "What this program is; always 1.");
    let keys = ["version", "revision", "protocol", "store"];
    writer.gauges(about, keys, [([version, REVISION, &protocol, store], 1.0)])?;
    let now = health::reasons(app);
    let about = (
        "caffis_not_ready",
        "1 while this is a reason why the server takes no people, 0 otherwise.",
    );
    let reasons = health::Reason::ALL.iter().map(|reason| {
        let holds = now.contains(reason);
        ([reason.name()], f64::from(u8::from(holds)))
    });
    writer.gauges(about, ["reason"], reasons)?;
    let Some(certificate) = app.certificates.status() else { return Ok(()) };
    let expires = certificate.not_after.duration_since(UNIX_EPOCH).unwrap_or_default();
    writer.gauge(
        "caffis_certificate_expiry_timestamp_seconds",
        "When the certificate in use ends, in seconds since 1970.",
        expires.as_secs_f64(),
    )
}

fn connections(writer: &mut Writer<'_>, app: &App, statistics: &Statistics) -> fmt::Result {
    let about = ("caffis_connections", "Links that are open now, by transport.");
    let open = app.meters.open_links().map(|(kind, count)| ([kind], count as f64));
    writer.gauges(about, ["transport"], open)?;
    let about = ("caffis_connections_opened", "Links that were opened, by transport.");
    let opened = app.meters.opened_links().map(|(kind, count)| ([kind], count));
    writer.counters(about, ["transport"], opened)?;
    writer.gauge(
        "caffis_sessions",
        "Links that have said hello and are not ended.",
        statistics.sessions as f64,
    )?;
    let about = (
        "caffis_admissions",
        "Decisions whether an address may connect once more: links, and TCP sockets that were refused.",
    );
    let admissions = app.meters.admissions().map(|(result, count)| ([result], count));
    writer.counters(about, ["result"], admissions)?;
    let about = (
        "caffis_hellos",
        "Hellos that were answered at once, after waiting for their turn, or put off to a later time.",
    );
    let hellos = statistics.hellos().map(|(admitted, count)| ([name_of_turn(admitted)], count));
    writer.counters(about, ["turn"], hellos)?;
    writer.gauge(
        "caffis_hellos_waiting",
        "Hellos that wait for their turn now.",
        statistics.hellos_waiting as f64,
    )?;
    writer.gauge(
        "caffis_places_taken",
        "Places for connections that are taken: TCP sockets and QUIC connections.",
        app.lobby.taken() as f64,
    )?;
    writer.gauge(
        "caffis_places_waiting",
        "Of the taken places, those whose connection has not said hello.",
        app.lobby.waiting() as f64,
    )?;
    writer.gauge(
        "caffis_places_limit",
        "Places that there are (max_connections).",
        f64::from(app.config.max_connections),
    )?;
    writer.counter(
        "caffis_places_evicted",
        "Connections without a hello that lost their place to a newer one.",
        app.lobby.evicted(),
    )?;
    writer.counter(
        "caffis_places_refused",
        "Connections that were refused because every place was taken.",
        app.lobby.refused(),
    )
}

fn commands(writer: &mut Writer<'_>, statistics: &Statistics) -> fmt::Result {
    let about = ("caffis_commands", "Commands that were answered, by command and result.");
    let answers = statistics.answers().flat_map(|(command, answers)| {
        [
            ([command, "done"], answers.done),
            ([command, "refused"], answers.refused),
            ([command, "unknown"], answers.unknown),
        ]
    });
    writer.counters(about, ["command", "result"], answers)?;
    let about =
        ("caffis_command_errors", "Commands that were answered with an error, by its code.");
    writer.counters(about, ["code"], statistics.errors().map(|(code, count)| ([code], count)))?;
    writer.counter(
        "caffis_sends",
        "Messages that clients sent, whatever became of them.",
        statistics.sends,
    )?;
    writer.counter(
        "caffis_acks",
        "Messages that were acknowledged, and so are durable.",
        statistics.acknowledged.count(),
    )?;
    writer.times(
        "caffis_send_duration_seconds",
        "Time from the arrival of a message to its acknowledgement.",
        statistics.acknowledged,
    )
}

fn deliveries(writer: &mut Writer<'_>, statistics: &Statistics) -> fmt::Result {
    writer.counter(
        "caffis_deliveries",
        "Entries that were put into the queues of sessions.",
        statistics.delivered,
    )?;
    writer.counter(
        "caffis_queue_drops",
        "Entries that did not fit into the queue of a session, whose client fetches them again.",
        statistics.dropped,
    )?;
    writer.counter(
        "caffis_updates",
        "Markers, attendance and typing that were put into the queues of sessions.",
        statistics.told,
    )?;
    let about =
        ("caffis_resumes", "Rooms that clients asked to be caught up with, by what came of it.");
    let resumes = statistics.resumes().map(|(standing, count)| ([name_of(standing)], count));
    writer.counters(about, ["kind"], resumes)?;
    writer.gauge("caffis_rooms", "Rooms in memory now.", statistics.rooms as f64)?;
    let about =
        ("caffis_cache_requests", "Look-ups in memory, by what was looked for and the result.");
    let caches = [
        ("entries", statistics.entries),
        ("pages", statistics.pages),
        ("people", statistics.people),
    ];
    let looked = caches.into_iter().flat_map(|(cache, counts)| {
        [([cache, "hit"], counts.hits), ([cache, "miss"], counts.misses)]
    });
    writer.counters(about, ["cache", "result"], looked)?;
    let help = "Memory for older entries that were read from the store just now, about.";
    writer.gauge("caffis_page_cache_bytes", help, statistics.page_bytes as f64)
}

fn name_of_turn(admitted: Admitted) -> &'static str {
    match admitted {
        Admitted::AtOnce => "at_once",
        Admitted::Waited => "waited",
        Admitted::PutOff => "put_off",
    }
}

fn name_of(standing: Standing) -> &'static str {
    match standing {
        Standing::Complete => "complete",
        Standing::Reset => "reset",
        Standing::Gone => "gone",
        Standing::Later => "later",
    }
}

fn store(writer: &mut Writer<'_>, app: &App) -> fmt::Result {
    let about =
        ("caffis_store_duration_seconds", "How long calls to the store take, by operation.");
    writer.times_by(about, "operation", app.meters.store.calls.times())?;
    let about = ("caffis_store_errors", "Calls to the store that failed, by reason.");
    let failures = app.meters.store.calls.failures().map(|(error, count)| ([error], count));
    writer.counters(about, ["error"], failures)?;
    writer.counter(
        "caffis_store_rows_written",
        "Rows that were to be written or removed; a range of rows that is removed counts as one.",
        app.meters.store.rows_written(),
    )?;
    let Storage::Embedded(store) = &app.store else { return Ok(()) };
    writer.times(
        "caffis_fsync_duration_seconds",
        "Time to write a group of changes to the journal and sync it to disk.",
        store.syncs(),
    )?;
    if let Ok(free) = store.free_bytes() {
        let help = "Free space on the file system of the store.";
        writer.gauge("caffis_store_free_bytes", help, free as f64)?;
    }
    writer.gauge(
        "caffis_store_reserve_bytes",
        "Free space below which writes are refused (store_reserve).",
        app.config.store_reserve as f64,
    )
}

fn search(writer: &mut Writer<'_>, statistics: &Statistics) -> fmt::Result {
    writer.counter(
        "caffis_search_indexed",
        "Messages that the search index was told of, again when they were edited or deleted.",
        statistics.indexed,
    )
}

fn bus(writer: &mut Writer<'_>, app: &App, statistics: &Statistics) -> fmt::Result {
    writer.counter(
        "caffis_bus_not_understood",
        "Messages of other nodes that this one does not know, because they run another version.",
        statistics.not_understood,
    )?;
    let about = ("caffis_bus_duration_seconds", "How long calls to the bus take, by operation.");
    writer.times_by(about, "operation", app.meters.bus.calls.times())?;
    let about = ("caffis_bus_errors", "Calls to the bus that failed, by reason.");
    let failures = app.meters.bus.calls.failures().map(|(error, count)| ([error], count));
    writer.counters(about, ["error"], failures)?;
    writer.counter(
        "caffis_bus_gaps",
        "How often a subscriber of this node may have missed messages of the bus.",
        app.meters.bus.gaps(),
    )
}

fn ownership(writer: &mut Writer<'_>, app: &App) -> fmt::Result {
    // The only process of a store owns everything, and needs no lease.
    let held = app.cluster.as_ref().is_none_or(|cluster| cluster.lease().held());
    let help = "1 while this node may acknowledge, because its lease is held; 0 otherwise.";
    writer.gauge("caffis_lease_held", help, f64::from(u8::from(held)))?;
    let renewals = app
        .cluster
        .as_ref()
        .map_or([0, 0], |cluster| [cluster.lease().renewals(), cluster.lease().failed_renewals()]);
    let about = ("caffis_lease_renewals", "Attempts to renew the lease of this node, by result.");
    let results = ["renewed", "failed"].map(|result| [result]);
    writer.counters(about, ["result"], results.into_iter().zip(renewals))?;
    let mut shards = [("here", 0), ("elsewhere", 0), ("nobody", 0)];
    for shard in Shard::all() {
        let owner = app.cluster.as_ref().map(|cluster| cluster.shards().owner(shard));
        let place = match owner {
            None | Some(Owner::Here { .. }) => 0,
            Some(Owner::There { .. }) => 1,
            Some(Owner::Nobody) => 2,
        };
        shards[place].1 += 1;
    }
    let about = ("caffis_shards", "Shards of rooms, by who owns them as far as this node knows.");
    let shards = shards.map(|(owner, count)| ([owner], f64::from(count)));
    writer.gauges(about, ["owner"], shards)
}

fn rest(writer: &mut Writer<'_>, app: &App) -> fmt::Result {
    let about = ("caffis_rest_requests", "Requests to the REST API, by call and class of status.");
    writer.counters(about, ["call", "status"], app.requests.answers())?;
    let about = ("caffis_rest_duration_seconds", "How long requests to the REST API take.");
    writer.times_by(about, "does", app.requests.times())
}

/// Webhooks to other services. Without endpoints there is one series of each, so that rules have what they read.
fn endpoints(
    writer: &mut Writer<'_>,
    endpoints: &[EndpointStatistics],
    now: Timestamp,
) -> fmt::Result {
    let none = [EndpointStatistics::none()];
    let endpoints = if endpoints.is_empty() { &none } else { endpoints };
    let by = |value: fn(&EndpointStatistics) -> u64| {
        endpoints.iter().map(move |endpoint| ([endpoint.endpoint.as_str()], value(endpoint)))
    };
    let key = ["endpoint"];
    let about = ("caffis_hooks_out_delivered", "Webhooks that an endpoint has taken.");
    writer.counters(about, key, by(|endpoint| endpoint.delivered))?;
    let about = ("caffis_hooks_out_failed", "Attempts to deliver a webhook that failed.");
    writer.counters(about, key, by(|endpoint| endpoint.failed))?;
    let about = ("caffis_hooks_out_dead", "Webhooks that were given up, and are dead letters.");
    writer.counters(about, key, by(|endpoint| endpoint.dead))?;
    let gauges = |value: fn(&EndpointStatistics) -> u64| {
        by(value).map(|(labels, value)| (labels, value as f64))
    };
    let about = ("caffis_hooks_out_in_flight", "Attempts to deliver a webhook that are under way.");
    writer.gauges(about, key, gauges(|endpoint| endpoint.in_flight))?;
    let about = (
        "caffis_hooks_out_waiting_rooms",
        "Rooms of which an endpoint was not told all, because an attempt failed.",
    );
    writer.gauges(about, key, gauges(|endpoint| endpoint.waiting))?;
    let about = (
        "caffis_hooks_out_oldest_seconds",
        "How long the first of the rooms that wait for an endpoint has waited; 0 if none does.",
    );
    let ages = endpoints.iter().map(|endpoint| {
        let age = endpoint.oldest.map_or(0, |oldest| now.since(oldest));
        ([endpoint.endpoint.as_str()], age as f64 / 1_000.0)
    });
    writer.gauges(about, key, ages)
}

//! Traces by OTLP: what commands did on their way, on whatever nodes.
//!
//! Core tells each step as an event of `tracing` ([`caffis_core::traces`]). Here it becomes a span. The id of the
//! trace is the client's id of the command, and the ids of the spans that have children follow from it: so the
//! spans of several nodes are one trace, and all nodes trace the same commands. Spans wait in a bounded queue,
//! and are left out when it is full or the collector does not answer.

use std::{
    borrow::Cow,
    fmt,
    future::ready,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use bytes::Bytes;
use caffis_core::{ports::entropy, traces::TARGET};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor},
};
use tokio::runtime::{Builder, Runtime};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer,
    filter::{Filtered, Targets},
    layer::Context,
    registry::LookupSpan,
};

use crate::{config::Config, system::SystemEntropy};

/// How long the collector may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Turns steps into spans.
pub(crate) struct Traces {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    /// One of so many commands is traced.
    one_in: u64,
    /// The id of the next span without children.
    next: AtomicU64,
}

/// A step, as core tells it.
#[derive(Default)]
struct Step {
    command: u128,
    step: Cow<'static, str>,
    name: Option<String>,
    error: Option<String>,
    room: Option<u64>,
    took: Duration,
    count: Option<u64>,
}

/// Sends spans to the collector; none when no collector is set.
///
/// # Errors
/// What is wrong with the address.
pub(crate) fn layer<S>(config: &Config) -> anyhow::Result<Option<Filtered<Traces, Targets, S>>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(collector) = &config.traces_collector else { return Ok(None) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Http::new()?)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .with_timeout(TIMEOUT)
        .build()
        .context("traces cannot be sent to traces_collector")?;
    let mut processor = BatchSpanProcessor::builder(exporter).build();
    let attributes = [
        KeyValue::new("service.instance.id", config.node_name()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let resource = Resource::builder().with_service_name("caffis-chat").with_attributes(attributes);
    processor.set_resource(&resource.build());
    let traces = Traces {
        processor,
        scope: InstrumentationScope::builder("caffis-chat").build(),
        one_in: u64::from(config.traces_one_in),
        next: AtomicU64::new(u64::from_le_bytes(entropy::bytes(&SystemEntropy::default()))),
    };
    Ok(Some(traces.with_filter(Targets::new().with_target(TARGET, LevelFilter::TRACE))))
}

impl<S: Subscriber> Layer<S> for Traces {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut step = Step::default();
        event.record(&mut step);
        // The lower half of the id is as random as all of it.
        if (step.command as u64).is_multiple_of(self.one_in) {
            self.processor.on_end(self.span(step));
        }
    }
}

impl Traces {
    fn span(&self, step: Step) -> SpanData {
        let end_time = SystemTime::now();
        let command = span_of(step.command, 0);
        let append = span_of(step.command, 1);
        let (id, parent, kind) = match &*step.step {
            "command" => (command, SpanId::INVALID, SpanKind::Server),
            "append" => (append, command, SpanKind::Internal),
            "deliver" => (self.next(), append, SpanKind::Internal),
            _ => (self.next(), command, SpanKind::Client),
        };
        let error = step.error;
        let attributes = [
            step.room.map(|room| KeyValue::new("caffis.room", format!("{room:016x}"))),
            step.count.map(|count| {
                KeyValue::new("caffis.count", i64::try_from(count).unwrap_or(i64::MAX))
            }),
            error.clone().map(|code| KeyValue::new("error.type", code)),
        ];
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(step.command),
                id,
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: parent,
            // It may be on another node.
            parent_span_is_remote: parent != SpanId::INVALID,
            span_kind: kind,
            name: step.name.map_or(step.step, Cow::Owned),
            start_time: end_time.checked_sub(step.took).unwrap_or(end_time),
            end_time,
            attributes: attributes.into_iter().flatten().collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: error.map_or(Status::Unset, Status::error),
            instrumentation_scope: self.scope.clone(),
        }
    }

    fn next(&self) -> SpanId {
        SpanId::from(mixed(self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // Those that cannot be sent any more are lost.
        let _ = self.processor.shutdown_with_timeout(TIMEOUT);
    }
}

/// The id of the span of a command that has children: the same on every node.
fn span_of(command: u128, which: u64) -> SpanId {
    SpanId::from(mixed((command as u64) ^ ((command >> 64) as u64).rotate_left(32) ^ which))
}

/// Another number for each number, that looks like no other (SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // 0 is no id.
    (number ^ (number >> 31)).max(1)
}

impl Visit for Step {
    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "command" {
            self.command = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "room" => self.room = Some(value),
            "took_ns" => self.took = Duration::from_nanos(value),
            "count" => self.count = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "step" => self.step = Cow::Owned(value.to_owned()),
            "name" => self.name = Some(value.to_owned()),
            "error" => self.error = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// An answer of the collector.
type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

/// Sends batches of spans, from the thread that gathers them.
#[derive(Debug)]
struct Http {
    client: reqwest::Client,
    runtime: Runtime,
}

impl Http {
    fn new() -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(redirects).build()?;
        Ok(Self { client, runtime })
    }
}

impl HttpClient for Http {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Sending<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let sent = self.runtime.block_on(async {
            let request = reqwest::Request::try_from(request)?;
            let answer = self.client.execute(request).await?;
            let mut response = Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            Ok(response.body(answer.bytes().await?)?)
        });
        Box::pin(ready(sent))
    }
}

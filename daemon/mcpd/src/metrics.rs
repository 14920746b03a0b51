//! Numbers for operators.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry as Metering;
use registry::Registry;
use relay::Relay;

/// LLMs that get labels of their own; further ones are added up under `_other`.
const MAX_LABELLED_LLMS: usize = 500;
/// What a label says for LLMs beyond.
const OTHER: &str = "_other";

/// The numbers.
pub struct Metrics {
    metering: Metering,
    requests: Family<Outcome, Counter>,
    first_byte: Histogram,
    in_flight: Family<OfLlm, Gauge>,
    queued: Family<OfLlm, Gauge>,
    sessions: Gauge,
    tasks: Gauge,
    llms: Gauge<i64>,
    scrapes: Counter<u64, AtomicU64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLlm {
    llm: String,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            metering: Metering::with_prefix("mcpd"),
            requests: Family::default(),
            first_byte: Histogram::new(exponential_buckets(0.001, 2.0, 18)),
            in_flight: Family::default(),
            queued: Family::default(),
            sessions: Gauge::default(),
            tasks: Gauge::default(),
            llms: Gauge::default(),
            scrapes: Counter::default(),
        };
        let m = &mut metrics.metering;
        m.register(
            "requests",
            "Inference requests by status",
            metrics.requests.clone(),
        );
        m.register(
            "ttft_seconds",
            "Time to the first byte of an answer",
            metrics.first_byte.clone(),
        );
        m.register("in_flight", "Requests that run", metrics.in_flight.clone());
        m.register(
            "queue_depth",
            "Requests that wait for a slot",
            metrics.queued.clone(),
        );
        m.register(
            "provider_sessions",
            "Publishers with a bound channel",
            metrics.sessions.clone(),
        );
        m.register(
            "relay_tasks",
            "Tasks that publishers work on",
            metrics.tasks.clone(),
        );
        m.register("llms", "Rows of the registry", metrics.llms.clone());
        m.register(
            "scrapes",
            "Times that these numbers were read",
            metrics.scrapes.clone(),
        );
        metrics
    }

    /// A request was answered by its provider.
    pub fn answered(&self, status: u16, after: Duration) {
        self.requests.get_or_create(&Outcome { status }).inc();
        self.first_byte.observe(after.as_secs_f64());
    }

    /// A request ended without an answer of its provider.
    pub fn refused(&self, status: u16, _after: Duration) {
        self.requests.get_or_create(&Outcome { status }).inc();
    }

    /// The numbers as text, with those that are read off the parts.
    pub fn render(&self, registry: &Registry, relay: &Relay) -> String {
        self.scrapes.inc();
        let (sessions, tasks) = relay.load();
        self.sessions.set(gauge(sessions));
        self.tasks.set(gauge(tasks));
        let rows = registry.list();
        self.llms.set(gauge(rows.len()));
        self.in_flight.clear();
        self.queued.clear();
        for (at, row) in rows.iter().enumerate() {
            let llm = match at < MAX_LABELLED_LLMS {
                true => row.name().to_string(),
                false => OTHER.into(),
            };
            let gate = &row.live().gate;
            let of = OfLlm { llm };
            self.in_flight
                .get_or_create(&of)
                .inc_by(gate.in_flight().into());
            self.queued.get_or_create(&of).inc_by(gate.queued().into());
        }
        let mut rendered = String::new();
        if text::encode(&mut rendered, &self.metering).is_err() {
            tracing::error!("the metrics could not be rendered");
        }
        rendered
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

//! Numbers for operators, read off the parts when they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gateway::{BOUNDS, Distribution, Gateway, LlmNumbers, NANO};
use kit::lifecycle::Lifecycle;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry as Metering;
use relay::Relay;
use shared::job::Counts;
use shared::llm::BreakerState;

/// LLMs that get labels of their own; further ones are added up under `_other`.
const MAX_LABELLED_LLMS: usize = 500;
/// Kinds of jobs that get labels of their own.
const MAX_LABELLED_KINDS: usize = 100;
/// What a label says for LLMs and kinds beyond.
const OTHER: &str = "_other";
/// What a label says where no LLM was called.
const NONE: &str = "_none";

/// The numbers of this moment, as Prometheus text.
pub fn render(
    gateway: &Gateway,
    relay: &Relay,
    lifecycle: &Lifecycle,
    jobs: Vec<Counts>,
) -> String {
    let (sessions, tasks) = relay.load();
    let seen = Seen {
        llms: capped(gateway.numbers()),
        unserved: gateway.unserved(),
        sessions,
        tasks,
        relayed_bytes: relay.relayed_bytes(),
        running: lifecycle.task_count(),
        jobs: capped_kinds(jobs),
    };
    let mut metering = Metering::with_prefix("mcpd");
    metering.register_collector(Box::new(seen));
    let mut rendered = String::new();
    if text::encode(&mut rendered, &metering).is_err() {
        tracing::error!("the metrics could not be rendered");
    }
    rendered
}

/// What is told.
#[derive(Debug)]
struct Seen {
    llms: Vec<(String, LlmNumbers)>,
    unserved: Vec<(u16, u64)>,
    sessions: usize,
    tasks: usize,
    relayed_bytes: u64,
    /// Tasks of the program: connections, and work that outlives them.
    running: usize,
    /// Those that have not ended, by kind and status.
    jobs: BTreeMap<(String, &'static str), u64>,
}

impl Collector for Seen {
    fn encode(&self, mut out: DescriptorEncoder<'_>) -> fmt::Result {
        self.requests(&mut out)?;
        self.durations(&mut out)?;
        self.tokens(&mut out)?;
        self.gauges(&mut out)?;
        self.jobs(&mut out)
    }
}

impl Seen {
    fn requests(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Inference requests that ended, by LLM and status";
        let mut requests = out.encode_descriptor("requests", help, None, MetricType::Counter)?;
        for (llm, numbers) in &self.llms {
            for (status, count) in &numbers.by_status {
                count_of(&mut requests, &outcome(llm, numbers.kind, *status), *count)?;
            }
        }
        for (status, count) in &self.unserved {
            count_of(&mut requests, &outcome(NONE, NONE, *status), *count)?;
        }
        let help = "Requests that their callers broke off";
        let mut cancelled = out.encode_descriptor("cancelled", help, None, MetricType::Counter)?;
        for (llm, numbers) in &self.llms {
            count_of(&mut cancelled, &[("llm", llm.as_str())], numbers.cancelled)?;
        }
        Ok(())
    }

    fn durations(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let seconds = |numbers: &LlmNumbers| numbers.seconds;
        self.histogram(
            out,
            "request_seconds",
            "Time to the end of an answer",
            seconds,
        )?;
        let first_bytes = |numbers: &LlmNumbers| numbers.first_byte_seconds;
        self.histogram(
            out,
            "ttft_seconds",
            "Time to the first byte of an answer",
            first_bytes,
        )
    }

    fn histogram(
        &self,
        out: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        of: impl Fn(&LlmNumbers) -> Distribution,
    ) -> fmt::Result {
        let mut histogram = out.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (llm, numbers) in &self.llms {
            let seen = of(numbers);
            let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(seen.counts).collect();
            let count = seen.counts.iter().sum();
            histogram
                .encode_family(&[("llm", llm.as_str())])?
                .encode_histogram::<NoLabelSet>(seen.sum, count, &buckets, None)?;
        }
        Ok(())
    }

    fn tokens(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Tokens by LLM: in, out, and of these cached and reasoning";
        let mut tokens = out.encode_descriptor("tokens", help, None, MetricType::Counter)?;
        for (llm, numbers) in &self.llms {
            let used = &numbers.tokens;
            for (direction, count) in [
                ("in", used.input),
                ("out", used.output),
                ("cached", used.cached),
                ("reasoning", used.reasoning),
            ] {
                count_of(
                    &mut tokens,
                    &[("llm", llm.as_str()), ("direction", direction)],
                    count,
                )?;
            }
        }
        let help = "What requests cost, in US dollars";
        let mut cost = out.encode_descriptor("cost_usd", help, None, MetricType::Counter)?;
        for (llm, numbers) in &self.llms {
            let usd = numbers.cost_nano_usd as f64 / NANO;
            cost.encode_family(&[("llm", llm.as_str())])?
                .encode_counter::<NoLabelSet, _, f64>(&usd, None)?;
        }
        let help = "Bytes of answers that came from publishers";
        out.encode_descriptor("relay_bytes", help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, f64>(&self.relayed_bytes, None)
    }

    fn gauges(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let in_flight = |numbers: &LlmNumbers| i64::from(numbers.in_flight);
        self.gauge_of_each(out, "in_flight", "Requests that run", in_flight)?;
        let queued = |numbers: &LlmNumbers| i64::from(numbers.queued);
        let help = "Requests that wait for a slot, or for the LLM to wake";
        self.gauge_of_each(out, "queue_depth", help, queued)?;
        let breaker = |numbers: &LlmNumbers| match numbers.breaker {
            BreakerState::Closed => 0,
            BreakerState::Probing => 1,
            BreakerState::Open => 2,
        };
        let help = "Breakers: 0 closed, 1 probing, 2 open";
        self.gauge_of_each(out, "breaker_state", help, breaker)?;
        gauge(out, "llms", "Rows of the registry", self.llms.len())?;
        let help = "Publishers with a bound channel";
        gauge(out, "provider_sessions", help, self.sessions)?;
        gauge(
            out,
            "relay_tasks",
            "Tasks that publishers work on",
            self.tasks,
        )?;
        let help = "Connections that are served, and work that goes on without one";
        gauge(out, "running", help, self.running)
    }

    fn jobs(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Jobs that have not ended, by kind and status";
        let mut jobs = out.encode_descriptor("jobs", help, None, MetricType::Gauge)?;
        for ((kind, status), count) in &self.jobs {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            jobs.encode_family(&[("kind", kind.as_str()), ("status", status)])?
                .encode_gauge(&count)?;
        }
        Ok(())
    }

    fn gauge_of_each(
        &self,
        out: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        of: impl Fn(&LlmNumbers) -> i64,
    ) -> fmt::Result {
        let mut gauge = out.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (llm, numbers) in &self.llms {
            gauge
                .encode_family(&[("llm", llm.as_str())])?
                .encode_gauge(&of(numbers))?;
        }
        Ok(())
    }
}

fn outcome<'a>(llm: &'a str, kind: &'a str, status: u16) -> [(&'a str, String); 3] {
    [
        ("llm", llm.to_owned()),
        ("kind", kind.to_owned()),
        ("status", status.to_string()),
    ]
}

fn count_of(
    metric: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    count: u64,
) -> fmt::Result {
    metric
        .encode_family(labels)?
        .encode_counter::<NoLabelSet, _, f64>(&count, None)
}

fn gauge(out: &mut DescriptorEncoder<'_>, name: &str, help: &str, count: usize) -> fmt::Result {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    out.encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&count)
}

/// Each LLM by its name; those beyond the cap added up as one.
fn capped(mut llms: Vec<LlmNumbers>) -> Vec<(String, LlmNumbers)> {
    let beyond = llms.split_off(llms.len().min(MAX_LABELLED_LLMS));
    let mut named: Vec<_> = llms
        .into_iter()
        .map(|numbers| (numbers.name.to_string(), numbers))
        .collect();
    if let Some(other) = beyond.into_iter().reduce(added) {
        named.push((OTHER.into(), other));
    }
    named
}

/// Kinds are their submitters' words: those beyond the cap are added up as one.
fn capped_kinds(jobs: Vec<Counts>) -> BTreeMap<(String, &'static str), u64> {
    let mut kinds = BTreeSet::new();
    let mut capped = BTreeMap::new();
    for counts in jobs {
        let is_labelled = kinds.contains(&counts.kind) || kinds.len() < MAX_LABELLED_KINDS;
        let kind = match is_labelled {
            true => counts.kind,
            false => OTHER.into(),
        };
        kinds.insert(kind.clone());
        *capped.entry((kind, counts.status.as_str())).or_default() += counts.jobs;
    }
    capped
}

fn added(mut sum: LlmNumbers, more: LlmNumbers) -> LlmNumbers {
    let mut by_status: BTreeMap<u16, u64> = sum.by_status.into_iter().collect();
    for (status, count) in more.by_status {
        *by_status.entry(status).or_default() += count;
    }
    sum.by_status = by_status.into_iter().collect();
    sum.kind = NONE;
    sum.cancelled += more.cancelled;
    sum.tokens += more.tokens;
    sum.cost_nano_usd = sum.cost_nano_usd.saturating_add(more.cost_nano_usd);
    sum.seconds += more.seconds;
    sum.first_byte_seconds += more.first_byte_seconds;
    sum.in_flight += more.in_flight;
    sum.queued += more.queued;
    sum.breaker = BreakerState::Closed;
    sum
}

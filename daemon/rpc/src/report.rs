//! ReportMetrics, ReportBenchmark: what workers tell of themselves, for people who look.

use shared::job::{Json, MAX_METRICS_BYTES};
use shared::nesting::MAX_NESTING;
use tonic::Status;

use crate::callers::Caller;
use crate::core::Service;
use crate::proto;
use crate::read::{id, json};

pub(crate) fn metrics(
    service: &Service,
    caller: &Caller,
    request: proto::ReportMetricsRequest,
) -> Result<proto::ReportMetricsResponse, Status> {
    let worker = id("worker_id", &request.worker_id)?;
    let metrics = small("metrics_json", request.metrics_json)?;
    service
        .queue
        .note_metrics(&worker, &caller.principal, metrics);
    Ok(proto::ReportMetricsResponse { ok: true })
}

pub(crate) fn benchmark(
    service: &Service,
    caller: &Caller,
    request: proto::ReportBenchmarkRequest,
) -> Result<proto::ReportBenchmarkResponse, Status> {
    let worker = id("worker_id", &request.worker_id)?;
    let benchmark = small("benchmark_json", request.benchmark_json)?;
    service
        .queue
        .note_benchmark(&worker, &caller.principal, benchmark);
    Ok(proto::ReportBenchmarkResponse { ok: true })
}

fn small(field: &str, text: String) -> Result<Json, Status> {
    if text.len() > MAX_METRICS_BYTES {
        let why = format!("`{field}` may have 16 KiB at most");
        return Err(Status::invalid_argument(why));
    }
    let value = json(field, text)?;
    if value.is_too_deep() {
        let why = format!("`{field}` may nest {MAX_NESTING} levels deep at most");
        return Err(Status::invalid_argument(why));
    }
    Ok(value)
}

//! Usage and costs, how LLMs stand, who one is, and whether the server is well.

use http::Method;
use serde_json::json;
use shared::load::LoadList;
use shared::name::Name;
use shared::route::{Explanation, Question};
use shared::timestamp::Timestamp;
use shared::token::{Period, WhoAmI};
use shared::usage::{CostSummary, UsageList};
use utoipa::openapi::Content;

use crate::openapi::operation::{Entry, JSON, named, of, plain};
use crate::openapi::schemas::{text, whole};

const TAG: &str = "usage";
const BAD_QUERY: &str = "The query can't be used (`invalid_request`).";
const OTHERS: &str = "Another principal's, which an admin alone sees (`forbidden`).";
const OWN: &str = "An admin sees everybody's; others see their own.";

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = vec![costs(), sums(), requests()];
    entries.extend(standing());
    entries.extend(health());
    entries
}

fn get(path: &'static str, tag: &str, id: &str, summary: &str) -> Entry {
    Entry::new(Method::GET, path, tag, id, summary)
}

fn costs() -> Entry {
    get(
        "/v1/costs/summary",
        TAG,
        "costSummary",
        "Sum the costs of a period",
    )
    .about(OWN)
    .query(
        "period",
        of::<Period>(),
        "Which one, in UTC. Default: `month`.",
    )
    .answers(200, of::<CostSummary>(), "The sums.")
    .fails(400, BAD_QUERY)
}

fn sums() -> Entry {
    get("/api/v1/usage", TAG, "listUsage", "Sum what was used")
        .about(OWN)
        .query(
            "by",
            text().examples(["llm,day"]),
            "What to group by, separated by commas: `llm`, `principal`, `token`, `provider`, \
             `day`, `hour`. Default: `llm`.",
        )
        .query(
            "since",
            of::<Timestamp>(),
            "Default: the first of this month.",
        )
        .query("until", of::<Timestamp>(), "Exclusive. Default: now.")
        .query("llm", of::<Name>(), "Of this LLM alone.")
        .query("principal", text(), "Of this principal alone.")
        .query("token", text(), "Of this access token alone.")
        .answers(200, of::<UsageList>(), "The sums.")
        .fails(400, BAD_QUERY)
        .fails(403, OTHERS)
}

fn requests() -> Entry {
    get(
        "/api/v1/requests",
        TAG,
        "listRequests",
        "List the last requests",
    )
    .about(OWN)
    .query(
        "limit",
        whole(0),
        "At most so many, and never more than 1000. Default: 50.",
    )
    .query("before", of::<Timestamp>(), "That came before.")
    .query("after", of::<Timestamp>(), "That came after.")
    .query("llm", of::<Name>(), "Of this LLM alone.")
    .query("principal", text(), "Of this principal alone.")
    .answers(200, named("RequestList"), "Newest first.")
    .fails(400, BAD_QUERY)
    .fails(403, OTHERS)
}

fn standing() -> [Entry; 2] {
    let load = get("/api/v1/load", TAG, "showLoad", "Show how busy each LLM is").answers(
        200,
        of::<LoadList>(),
        "Ordered by name.",
    );
    let explain = Entry::new(
        Method::POST,
        "/api/v1/route/explain",
        TAG,
        "explainRoute",
        "Say where a request would go, and why not elsewhere",
    )
    .about("Nothing is called.")
    .takes(of::<Question>(), "The name.", json!({"model": "smart"}))
    .answers(
        200,
        of::<Explanation>(),
        "Every candidate with its verdict.",
    )
    .fails(400, "The body can't be used (`invalid_request`).")
    .fails(404, "No such LLM, alias or model id (`model_not_found`).")
    .fails(413, "The body is larger than 1 MiB (`body_too_large`).");
    [load, explain]
}

fn health() -> [Entry; 5] {
    let metrics = "# TYPE mcpd_provider_sessions gauge\nmcpd_provider_sessions 2\n# EOF\n";
    let openapi = Content::builder().schema(Some(
        utoipa::openapi::ObjectBuilder::new().description(Some("OpenAPI 3.1.")),
    ));
    [
        get(
            "/healthz",
            "health",
            "alive",
            "Say whether the process answers",
        )
        .answers_as(200, "text/plain", plain("ok\n"), "It does."),
        get(
            "/readyz",
            "health",
            "ready",
            "Say whether the server takes work",
        )
        .answers_as(200, "text/plain", plain("ready\n"), "It does.")
        .fails(500, "The database failed (`internal`).")
        .fails(
            503,
            "It is stopping, or its database can't be used now (`shutting_down`, \
                 `unavailable`).",
        ),
        get(
            "/metrics",
            "health",
            "metrics",
            "Show metrics for Prometheus",
        )
        .answers_as(
            200,
            "application/openmetrics-text",
            plain(metrics),
            "OpenMetrics 1.0.",
        ),
        get(
            "/api/openapi.json",
            "health",
            "openapi",
            "Show this document",
        )
        .answers_as(200, JSON, openapi, "The document."),
        get(
            "/api/v1/whoami",
            "tokens",
            "whoami",
            "Say who the caller is",
        )
        .answers(200, of::<WhoAmI>(), "Principal, token and roles."),
    ]
}

//! The server's description of its own API, as OpenAPI 3.1: served at `GET /api/openapi.json`.
//!
//! Who may call what comes from the table of routes, the schemas from the contract's types; what is
//! said of each route stands in the entries of this folder. A test holds entries against routes.

mod channel;
mod data_plane;
mod documents;
mod errors;
mod jobs;
mod loose;
mod operation;
mod schemas;
mod usage;

use std::sync::LazyLock;

use http::Method;
use serde_json::Value;
use shared::headers;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::info::{Info, License};
use utoipa::openapi::path::{ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{HttpMethod, OpenApi, Paths, RefOr};

use crate::auth::Access;
use crate::openapi::operation::{API_KEY, BEARER, Entry};
use crate::openapi::schemas::{of_words, text, whole};
use crate::routes::{Route, table};

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut document = serde_json::to_value(build(&table())).unwrap_or_default();
    for_readers(&mut document);
    format!("{document:#}\n")
});

/// The document, as JSON text that is nice to read. Made once.
pub fn text_of_all() -> &'static str {
    &TEXT
}

/// The path of a route as OpenAPI writes it.
pub fn template(path: &str) -> String {
    path.replace("{*", "{")
}

fn build(routes: &[Route]) -> OpenApi {
    let mut paths = Paths::new();
    for entry in entries() {
        let route = |route: &&Route| route.method == entry.method && route.path == entry.path;
        // An entry without a route is in the document, so that the test finds it.
        let access = routes.iter().find(route).map(|route| route.access);
        let (path, method) = (template(entry.path), method_of(&entry.method));
        let operation = entry.finish(access.unwrap_or(Access::Any));
        let item = PathItem::new(method, operation);
        match paths.paths.get_mut(&path) {
            Some(there) => there.merge_operations(item),
            None => {
                paths.paths.insert(path, item);
            }
        }
    }
    let mut document = OpenApi::new(info(), paths);
    document.components = Some(components());
    document.tags = Some(tags());
    document
}

fn entries() -> Vec<Entry> {
    let mut entries = data_plane::entries();
    entries.extend(documents::entries());
    entries.extend(jobs::entries());
    entries.extend(usage::entries());
    entries.extend(channel::entries());
    entries
}

fn method_of(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn info() -> Info {
    let about = "One endpoint and one list of names for models that live in many places. The data \
                 plane speaks OpenAI's and Anthropic's APIs; the control plane keeps LLMs, aliases, \
                 prices, secrets and access tokens; the channel is how publishers serve their \
                 providers. Every answer carries `x-request-id`, and every error says what \
                 happened, why and what to try.";
    let license = License::builder()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let mut info = Info::new("mcpd", env!("CARGO_PKG_VERSION"));
    info.description = Some(about.into());
    info.license = Some(license.build());
    info
}

fn tags() -> Vec<Tag> {
    let tags = [
        (
            "data plane",
            "Inference, for OpenAI's and Anthropic's clients.",
        ),
        (
            "jobs",
            "Work that is accepted once and survives everything.",
        ),
        ("workers", "Who does it."),
        ("llms", "The names that one can call."),
        ("aliases", "Names in front of several LLMs."),
        ("prices", "What tokens cost."),
        ("secrets", "Keys of providers, sealed."),
        ("tokens", "Who may do what."),
        (
            "usage",
            "What was used and what it cost; how busy LLMs are.",
        ),
        ("channel", "How publishers serve their providers."),
        ("health", "Whether the server is well."),
    ];
    let tag = |(name, about): (&str, &str)| Tag::builder().name(name).description(Some(about));
    tags.map(|one| tag(one).build()).into()
}

fn components() -> Components {
    let mut components = Components::new();
    schemas::put_into(&mut components);
    loose::put_into(&mut components);
    jobs::put_into(&mut components);
    errors::put_into(&mut components);
    for (name, header) in answer_headers() {
        components.headers.insert(name.into(), RefOr::T(header));
    }
    let about = "Names the request in the answer and in the server's log: 1 to 64 letters, digits \
                 and `-_.:`. Another one is replaced.";
    let request_id = ParameterBuilder::new()
        .name(headers::REQUEST_ID)
        .parameter_in(ParameterIn::Header)
        .description(Some(about))
        .schema(Some(text().max_length(Some(64))));
    components
        .parameters
        .insert("RequestId".into(), RefOr::T(request_id.build()));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("mcp_<role>_<id>_<secret>_<check>")
        .description(Some("An access token of mcpctl."));
    let api_key = ApiKeyValue::with_description(
        "x-api-key",
        "The same access token, where Anthropic's clients put it.",
    );
    let schemes = [
        (BEARER, SecurityScheme::Http(bearer.build())),
        (API_KEY, SecurityScheme::ApiKey(ApiKey::Header(api_key))),
    ];
    for (name, scheme) in schemes {
        let place = &mut components.security_schemes;
        place.insert(name.into(), RefOr::T(scheme));
    }
    components
}

fn answer_headers() -> [(&'static str, Header); 7] {
    let header = |schema, about: &str| {
        HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(about))
            .build()
    };
    [
        (
            "RequestId",
            header(text(), "Ties the answer to the server's log."),
        ),
        ("Llm", header(text(), "The LLM that served the request.")),
        (
            "Attempts",
            header(whole(0), "How many times an LLM was called for it."),
        ),
        (
            "DroppedParams",
            header(text(), "What the provider's dialect can't carry."),
        ),
        (
            "Cache",
            header(
                of_words(&["hit", "miss"]),
                "Whether the answer came from the alias's cache. Absent where it has none.",
            ),
        ),
        (
            "RetryAfter",
            header(
                text(),
                "In how many seconds to try again, where we know it.",
            ),
        ),
        ("WwwAuthenticate", header(text(), "`Bearer`.")),
    ]
}

/// Descriptions come from the code: links into it mean nothing to readers of the document, nor do
/// its line breaks.
fn for_readers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(for_readers),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    Value::String(text) if name == "description" => *text = plain_words(text),
                    other => for_readers(other),
                }
            }
        }
        _ => {}
    }
}

/// ``"A ([`B`]) of\n[`C`]."`` as ``"A of `C`."``.
fn plain_words(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut plain = String::with_capacity(words.len());
    let mut rest = &*words;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else {
            break;
        };
        match (before.strip_suffix(" ("), after.strip_prefix(')')) {
            (Some(before), Some(after)) => {
                plain.push_str(before);
                rest = after;
            }
            _ => {
                plain.push_str(&format!("{before}`{name}`"));
                rest = after;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_into_the_code_are_taken_out_of_descriptions() {
        assert_eq!(plain_words("A ([`B`]) of\n[`C`]."), "A of `C`.");
        assert_eq!(plain_words("none [`open"), "none [`open");
    }

    #[test]
    fn no_two_operations_have_the_same_name() {
        let ids = entries().into_iter().map(|entry| {
            let operation = entry.finish(Access::Any);
            operation.operation_id.unwrap()
        });
        let mut ids: Vec<_> = ids.collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

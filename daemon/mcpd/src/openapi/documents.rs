//! The resources that are read and written as documents: LLMs, aliases, prices, secrets, tokens.

use http::Method;
use serde_json::{Value, json};
use shared::name::Name;
use shared::token::Limits;
use utoipa::openapi::Content;

use crate::openapi::loose::schema;
use crate::openapi::operation::{EVENT_STREAM, Entry, JSON, events, named, of};
use crate::openapi::schemas::boolean;

const WRITTEN: &str = "An envelope, or all fields side by side. `name` may be left out where the \
                       path says it.";
const STALE: &str = "`resourceVersion` is not the one that is there (`conflict`).";
const INVALID: &str = "The name or the body can't be used (`invalid_request`).";

/// One kind of resource.
struct Kind {
    tag: &'static str,
    /// `Llm`, for the names of schemas and operations.
    name: &'static str,
    /// In a sentence.
    noun: &'static str,
    nouns: &'static str,
    paths: [&'static str; 2],
    example: Value,
}

pub(super) fn entries() -> Vec<Entry> {
    let [llms, aliases, prices, secrets, tokens] = kinds();
    let mut entries = Vec::new();
    entries.extend(llm_entries(&llms));
    entries.extend([
        aliases.list(),
        aliases.create(),
        aliases.show(),
        aliases.put(),
        aliases.delete(),
    ]);
    entries.extend([
        prices.list(),
        prices.create(),
        prices.show(),
        prices.put(),
        prices.delete(),
    ]);
    entries.extend([
        secrets.list(),
        secrets.create().about("Values go in and never come out."),
        secrets.show().about("Its field names, never its values."),
        secrets.put().about("Replaces all of its fields."),
        secrets
            .delete()
            .fails(409, "An LLM refers to it (`conflict`)."),
    ]);
    entries.extend(token_entries(&tokens));
    entries
}

fn kinds() -> [Kind; 5] {
    [
        Kind {
            tag: "llms",
            name: "Llm",
            noun: "an LLM",
            nouns: "LLMs",
            paths: ["/api/v1/llms", "/api/v1/llms/{name}"],
            example: json!({"name": "gpt-4o", "type": "openai", "model": "gpt-4o",
                "url": "https://api.openai.com/v1", "key": "secret/openai#api-key"}),
        },
        Kind {
            tag: "aliases",
            name: "Alias",
            noun: "an alias",
            nouns: "aliases",
            paths: ["/api/v1/aliases", "/api/v1/aliases/{name}"],
            example: json!({"name": "smart", "model": "qwen3:8b", "policy": "least-busy",
                "fallbacks": ["gpt-4o"], "cache": {"ttl": "10m"}}),
        },
        Kind {
            tag: "prices",
            name: "Price",
            noun: "a price",
            nouns: "prices",
            paths: ["/api/v1/prices", "/api/v1/prices/{name}"],
            example: json!({"name": "gpt-4o", "input": 2.5, "output": 10, "cachedInput": 1.25}),
        },
        Kind {
            tag: "secrets",
            name: "Secret",
            noun: "a secret",
            nouns: "secrets",
            paths: ["/api/v1/secrets", "/api/v1/secrets/{name}"],
            example: json!({"name": "openai", "data": {"api-key": "..."}}),
        },
        Kind {
            tag: "tokens",
            name: "Token",
            noun: "an access token",
            nouns: "access tokens",
            paths: ["/api/v1/tokens", "/api/v1/tokens/{name}"],
            example: json!({"name": "ci", "roles": ["user"], "limits": {"requestsPerMinute": 60,
                "budget": {"usd": 20, "period": "month"}}}),
        },
    ]
}

impl Kind {
    fn entry(&self, method: Method, path: &'static str, verb: &str, what: &str) -> Entry {
        let id = match verb {
            "List" => format!("list{}s", self.name.replace("Alias", "Aliase")),
            verb => format!("{}{}", verb.to_lowercase(), self.name),
        };
        Entry::new(method, path, self.tag, &id, &format!("{verb} {what}"))
    }

    fn named(&self, method: Method, verb: &str) -> Entry {
        self.entry(method, self.paths[1], verb, self.noun).segment(
            "name",
            of::<Name>(),
            "Its name; a `/` is written `%2F`.",
        )
    }

    fn list(&self) -> Entry {
        self.entry(Method::GET, self.paths[0], "List", self.nouns)
            .answers(
                200,
                named(&format!("{}List", self.name)),
                "All that the caller may see, ordered by name.",
            )
    }

    fn show(&self) -> Entry {
        self.named(Method::GET, "Show")
            .answers(200, named(self.name), "The document.")
            .fails(400, "The name can't be one (`invalid_request`).")
            .fails(404, "No such thing, or not yours to see (`not_found`).")
    }

    fn create(&self) -> Entry {
        let entry = self.entry(Method::POST, self.paths[0], "Create", self.noun);
        self.writing(entry)
            .answers(201, named(self.name), "It is made.")
            .fails(409, "The name is taken (`name_taken` or `conflict`).")
    }

    fn put(&self) -> Entry {
        self.writing(self.named(Method::PUT, "Replace"))
            .about("Makes it where it is not there.")
            .answers(200, named(self.name), "It is changed.")
            .answers(201, named(self.name), "It is made.")
            .fails(
                404,
                "It is not there, but `resourceVersion` says it was (`not_found`).",
            )
            .fails(409, STALE)
    }

    fn delete(&self) -> Entry {
        self.named(Method::DELETE, "Delete")
            .answers(200, named(self.name), "What was deleted.")
            .fails(400, "The name can't be one (`invalid_request`).")
            .fails(404, "No such thing, or not yours to see (`not_found`).")
    }

    fn writing(&self, entry: Entry) -> Entry {
        entry
            .takes(
                named(&format!("{}Write", self.name)),
                WRITTEN,
                self.example.clone(),
            )
            .fails(400, INVALID)
            .fails(408, "The body did not come in time (`invalid_request`).")
            .fails(413, "The body is larger than 1 MiB (`body_too_large`).")
    }
}

fn llm_entries(llms: &Kind) -> [Entry; 6] {
    let changes = "event: added\ndata: {\"apiVersion\":\"mcpctl/v1\",\"kind\":\"Llm\"}\n\n\
                   event: synced\ndata: {}\n\n";
    let watched = "Where `watch` is `true`: every row as `added`, then `synced`, then each change \
                   as it comes. `reset` says that changes were missed and all begins anew.";
    let list = llms
        .list()
        .query("watch", boolean(), "Stay, and be told of every change.")
        .answers_as(
            200,
            EVENT_STREAM,
            events("LlmChange", watched, changes),
            "All rows.",
        )
        .fails(
            400,
            "`watch` is neither `true` nor `false` (`invalid_request`).",
        );
    let patch = schema(json!({"type": "object", "additionalProperties": true,
        "description": "The fields that change, in either form; `null` removes one."}));
    let content = || {
        Content::builder()
            .schema(Some(patch.clone()))
            .example(Some(json!({"tier": "fast", "maxConcurrency": null})))
    };
    let about = "A JSON merge patch (RFC 7396).";
    let patch = llms
        .named(Method::PATCH, "Patch")
        .takes_as("application/merge-patch+json", content(), about)
        .takes_as(JSON, content(), about)
        .answers(200, named("Llm"), "It is changed.")
        .fails(400, INVALID)
        .fails(404, "No such LLM (`model_not_found`).")
        .fails(409, "It changed meanwhile, or is virtual (`conflict`).")
        .fails(408, "The body did not come in time (`invalid_request`).")
        .fails(413, "The body is larger than 1 MiB (`body_too_large`).");
    [
        list,
        llms.create()
            .about("Public ones alone: a virtual one is made by its publisher."),
        llms.show(),
        llms.put()
            .fails(409, "It changed meanwhile, or is virtual (`conflict`)."),
        patch,
        llms.delete()
            .about("An owner may delete its own; an admin any.")
            .fails(403, "It belongs to another principal (`forbidden`)."),
    ]
}

fn token_entries(tokens: &Kind) -> [Entry; 5] {
    let limits = Entry::new(
        Method::PUT,
        "/api/v1/tokens/{name}/limits",
        "tokens",
        "limitToken",
        "Limit what an access token may use",
    )
    .about("Replaces all of its limits; `{}` takes them away. What runs goes on.")
    .segment("name", of::<Name>(), "Its name; a `/` is written `%2F`.")
    .takes(
        of::<Limits>(),
        "All of its limits.",
        json!({"requestsPerMinute": 60, "budget": {"usd": 20, "period": "month"}}),
    )
    .answers(200, named("Token"), "It is changed.")
    .fails(400, INVALID)
    .fails(404, "No such token (`not_found`).")
    .fails(408, "The body did not come in time (`invalid_request`).")
    .fails(413, "The body is larger than 1 MiB (`body_too_large`).");
    [
        tokens
            .list()
            .about("An admin sees all, others those of their own principal."),
        tokens
            .create()
            .about("`status.value` of the answer is the credential, told this once.")
            .fails(
                403,
                "A role that the caller does not hold, another's principal, or a caller whose own \
                 token has limits (`forbidden`).",
            ),
        tokens.show(),
        tokens
            .delete()
            .about("Requests that run on its behalf end."),
        limits,
    ]
}

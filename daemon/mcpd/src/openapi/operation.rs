//! One operation of the API, told in a few words. What all operations share (request ids,
//! credentials, errors that any of them may answer with) is added here.

use http::Method;
use serde_json::Value;
use shared::headers::REQUEST_ID;
use shared::role::Role;
use utoipa::ToSchema;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Required, Schema};

use crate::auth::Access;
use crate::openapi::errors;
use crate::openapi::schemas::text;

/// The media type of nearly everything.
pub(super) const JSON: &str = "application/json";
/// Server-sent events.
pub(super) const EVENT_STREAM: &str = "text/event-stream";
/// The names of the two ways to send a credential.
pub(super) const BEARER: &str = "bearer";
pub(super) const API_KEY: &str = "apiKey";

/// What is said of one route.
pub(super) struct Entry {
    /// Its method.
    pub(super) method: Method,
    /// Its pattern, as it stands in the table of routes.
    pub(super) path: &'static str,
    about: String,
    is_anthropic: bool,
    headers: &'static [(&'static str, &'static str)],
    body: Option<RequestBodyBuilder>,
    answers: Vec<(u16, ResponseBuilder)>,
    operation: OperationBuilder,
}

impl Entry {
    /// An entry for `method` and `path`; `id` is unique, `summary` one imperative line.
    pub(super) fn new(
        method: Method,
        path: &'static str,
        tag: &str,
        id: &str,
        summary: &str,
    ) -> Self {
        let operation = OperationBuilder::new()
            .tag(tag)
            .operation_id(Some(id))
            .summary(Some(summary))
            .parameter_ref(Ref::new("#/components/parameters/RequestId"));
        Self {
            method,
            path,
            about: String::new(),
            is_anthropic: false,
            headers: &[],
            body: None,
            answers: Vec::new(),
            operation,
        }
    }

    /// More about it, in sentences.
    pub(super) fn about(mut self, about: &str) -> Self {
        self.about = about.into();
        self
    }

    /// Its errors have Anthropic's shape.
    pub(super) fn anthropic(mut self) -> Self {
        self.is_anthropic = true;
        self
    }

    /// Answers below 400 carry these headers: header, and its name among the components.
    pub(super) fn with_headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    /// A variable segment of its path.
    pub(super) fn segment(self, name: &str, schema: impl Into<RefOr<Schema>>, about: &str) -> Self {
        self.parameter(ParameterIn::Path, name, schema, about)
    }

    /// An optional parameter of its query.
    pub(super) fn query(self, name: &str, schema: impl Into<RefOr<Schema>>, about: &str) -> Self {
        self.parameter(ParameterIn::Query, name, schema, about)
    }

    /// An optional header of the request.
    pub(super) fn header(self, name: &str, schema: impl Into<RefOr<Schema>>, about: &str) -> Self {
        self.parameter(ParameterIn::Header, name, schema, about)
    }

    /// A header that the request must have.
    pub(super) fn required_header(
        mut self,
        name: &str,
        schema: impl Into<RefOr<Schema>>,
        about: &str,
    ) -> Self {
        let parameter = parameter(ParameterIn::Header, name, schema, about);
        self.operation = self.operation.parameter(parameter.required(Required::True));
        self
    }

    fn parameter(
        mut self,
        place: ParameterIn,
        name: &str,
        schema: impl Into<RefOr<Schema>>,
        about: &str,
    ) -> Self {
        let required = place == ParameterIn::Path;
        let parameter = parameter(place, name, schema, about).required(match required {
            true => Required::True,
            false => Required::False,
        });
        self.operation = self.operation.parameter(parameter);
        self
    }

    /// A request body of JSON.
    pub(super) fn takes(
        self,
        schema: impl Into<RefOr<Schema>>,
        about: &str,
        example: Value,
    ) -> Self {
        let content = Content::builder()
            .schema(Some(schema))
            .example(Some(example));
        self.takes_as(JSON, content, about)
    }

    /// A request body of another kind; may be said several times.
    pub(super) fn takes_as(mut self, kind: &str, content: ContentBuilder, about: &str) -> Self {
        let body = self.body.take().unwrap_or_else(RequestBody::builder);
        let body = body
            .description(Some(about))
            .required(Some(Required::True))
            .content(kind, content.build());
        self.body = Some(body);
        self
    }

    /// The body may be left out.
    pub(super) fn or_nothing(mut self) -> Self {
        self.body = self.body.map(|body| body.required(Some(Required::False)));
        self
    }

    /// An answer of JSON.
    pub(super) fn answers(
        self,
        status: u16,
        schema: impl Into<RefOr<Schema>>,
        about: &str,
    ) -> Self {
        self.answers_as(status, JSON, Content::builder().schema(Some(schema)), about)
    }

    /// An answer of another kind; may be said several times for one status.
    pub(super) fn answers_as(
        mut self,
        status: u16,
        kind: &str,
        content: ContentBuilder,
        about: &str,
    ) -> Self {
        let place = self.answers.iter().position(|(known, _)| *known == status);
        let answer = match place {
            Some(place) => self.answers.swap_remove(place).1,
            None => Response::builder().description(about),
        };
        self.answers
            .push((status, answer.content(kind, content.build())));
        self
    }

    /// An answer without a body.
    pub(super) fn answers_nothing(mut self, status: u16, about: &str) -> Self {
        let answer = Response::builder().description(about);
        self.answers.push((status, answer));
        self
    }

    /// An error that this operation may answer with, and when.
    pub(super) fn fails(mut self, status: u16, why: &str) -> Self {
        let name = errors::name(status, self.is_anthropic);
        let response = Ref::builder()
            .ref_location(format!("#/components/responses/{name}"))
            .description(Some(why));
        self.operation = self.operation.response(
            status.to_string(),
            RefOr::<Response>::from(response.build()),
        );
        self
    }

    /// The operation, for callers that the table lets in.
    pub(super) fn finish(mut self, access: Access) -> Operation {
        let shared_by_all: &[(u16, &str)] = match access {
            Access::Open => &[],
            Access::Any => &errors::OF_ANY[1..],
            Access::Role(_) => &errors::OF_ANY,
        };
        let said = self.operation;
        self.operation = OperationBuilder::new();
        for (status, why) in shared_by_all {
            self = self.fails(*status, why);
        }
        let mut responses = self.operation.build().responses;
        let mut operation = said.build();
        // What the entry says itself is more precise.
        responses
            .responses
            .append(&mut operation.responses.responses);
        for (status, mut answer) in self.answers {
            answer = answer.header_ref(REQUEST_ID, component("headers", "RequestId"));
            for (header, name) in self.headers {
                answer = answer.header_ref(*header, component("headers", name));
            }
            let answer = RefOr::T(answer.build());
            responses.responses.insert(status.to_string(), answer);
        }
        operation.responses = responses;
        operation.request_body = self.body.map(|body| RefOr::T(body.build()));
        let (role, needs) = match access {
            Access::Open => ("none", "Takes no access token.".to_owned()),
            Access::Any => ("any", "Takes an access token of any role.".to_owned()),
            Access::Role(Role::Admin) => ("admin", "Takes an admin's access token.".to_owned()),
            Access::Role(role) => {
                let needs = format!("Takes an access token of the role `{role}` (or `admin`).");
                (role.as_str(), needs)
            }
        };
        operation.description = Some(match self.about.is_empty() {
            true => needs,
            false => format!("{} {needs}", self.about),
        });
        operation.extensions = Some(Extensions::builder().add("x-mcpctl-role", role).build());
        let ways = [BEARER, API_KEY].map(|way| SecurityRequirement::new(way, [""; 0]));
        operation.security = Some(match access {
            Access::Open => Vec::new(),
            Access::Any | Access::Role(_) => ways.into(),
        });
        operation
    }
}

fn parameter(
    place: ParameterIn,
    name: &str,
    schema: impl Into<RefOr<Schema>>,
    about: &str,
) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(about))
        .schema(Some(schema))
}

/// A reference to the schema of one of our types.
pub(super) fn of<T: ToSchema>() -> Ref {
    named(&T::name())
}

/// A reference to a schema by its name.
pub(super) fn named(name: &str) -> Ref {
    Ref::from_schema_name(name)
}

fn component(place: &str, name: &str) -> Ref {
    Ref::new(format!("#/components/{place}/{name}"))
}

/// An event stream whose events, taken apart, have the schema `event`.
///
/// OpenAPI 3.1 has no word for the items of a stream (3.2 says `itemSchema`), so an extension
/// names it.
pub(super) fn events(event: &str, about: &str, example: &str) -> ContentBuilder {
    let item = serde_json::json!({"$ref": format!("#/components/schemas/{event}")});
    Content::builder()
        .schema(Some(text().description(Some(about))))
        .example(Some(example.into()))
        .extensions(Some(
            Extensions::builder().add("x-item-schema", item).build(),
        ))
}

/// Text for people or for Prometheus.
pub(super) fn plain(example: &str) -> ContentBuilder {
    Content::builder()
        .schema(Some(text()))
        .example(Some(example.into()))
}

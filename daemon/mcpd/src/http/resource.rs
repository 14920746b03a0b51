//! What the routes of resources share: names from paths, documents from bodies, answers.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use shared::name::Name;

use crate::http::error::ApiError;
use crate::http::read::{document, from_json};

/// The last segment of a path, decoded.
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        let bad = |_| ApiError::bad_request("the name in the path is not UTF-8 text");
        segment.map(|Path(text)| Self(text)).map_err(bad)
    }
}

/// The name in a path.
///
/// Errors: 400 with what is wrong with it.
pub fn name(text: &str) -> Result<Name, ApiError> {
    text.parse()
        .map_err(|error: shared::name::BadName| ApiError::bad_request(error.to_string()))
}

/// The JSON value of a body.
///
/// Errors: 413, 408, 400.
pub fn value(body: Result<Bytes, BytesRejection>) -> Result<Value, ApiError> {
    from_json(&document(body)?)
}

/// Refuses a document whose name is another than its path's.
pub fn same_name(path: &Name, document: &Name) -> Result<(), ApiError> {
    if path == document {
        return Ok(());
    }
    let message = format!("the document is named `{document}`, the path says `{path}`");
    Err(ApiError::bad_request(message).hint("a resource can't be renamed: create it anew"))
}

/// Gives a document without a name the name of its path.
pub fn named(mut document: Value, name: &Name) -> Value {
    let Some(fields) = document.as_object_mut() else {
        return document;
    };
    let place = match fields.contains_key("spec") || fields.contains_key("metadata") {
        true => fields
            .entry("metadata")
            .or_insert_with(|| Value::Object(serde_json::Map::new())),
        false => &mut document,
    };
    if let Some(place) = place.as_object_mut() {
        place.entry("name").or_insert_with(|| name.as_str().into());
    }
    document
}

/// A document with the status that says whether it is new.
pub fn written<T: Serialize>(document: T, is_new: bool) -> Response {
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    (status, Json(document)).into_response()
}

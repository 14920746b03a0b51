//! HTTP matters that all routes share: bodies, errors, request ids.

pub mod body;
pub mod error;
pub mod event_stream;
mod patience;
pub mod read;
pub mod request_body;
pub mod request_id;
pub mod resource;
pub mod unbuffered;
pub(crate) mod until_revoked;

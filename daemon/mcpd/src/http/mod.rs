//! HTTP matters that all routes share: bodies, errors, request ids.

pub mod body;
pub mod error;
pub mod event_stream;
pub mod read;
pub mod request_id;
pub mod resource;
pub mod unbuffered;

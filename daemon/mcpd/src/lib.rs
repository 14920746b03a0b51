//! The central server: registry, relay, inference.
//!
//! `boot` builds the parts and joins them; `routes` is the only place that knows HTTP and every
//! part; `server` serves connections; `auth` knows who calls.

pub mod audit;
pub mod auth;
pub mod boot;
pub mod config;
mod first_start;
mod grpc;
pub mod http;
mod job_workers;
pub mod metrics;
mod models;
pub mod openapi;
pub mod routes;
pub mod server;

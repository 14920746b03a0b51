//! The gRPC edge over a real queue, called by a stranger: one who knows no message but what
//! reflection tells.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod access;
mod fixture;
mod jobs_of_users;
mod stopping;
mod stranger;
mod work_of_workers;

//! The registry: every LLM by its name, in memory, written through to the store.
//!
//! The hot path reads here and never asks the database. A row is an immutable snapshot behind an
//! `Arc`; a change replaces the snapshot. What is *wanted* of a row is in the store before it is
//! here; what is *seen* of it (its phase) is here first and reaches the store a moment later,
//! since after a crash it is judged anew anyway.
//!
//! One server process owns its database. Several replicas on one database need a change feed
//! between them: that is for the day when they come.

mod changes;
mod gate;
mod near;
mod offer;
mod phases;
mod pools;
mod row;
mod rows;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dashmap::DashMap;
use shared::name::Name;
use store::Store;
use tokio::sync::{Notify, broadcast};

pub use changes::{Change, Changes};
pub use gate::{Full, Gate, Permit};
pub use offer::OfferOutcome;
pub use row::{Live, Row};

/// The registry. Cheap to clone; clones are the same registry.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    store: Store,
    rows: DashMap<Name, Arc<Row>>,
    /// The rows of each model id.
    pools: DashMap<String, BTreeSet<Name>>,
    /// Held by every change that goes to the store, so that memory and store see one order.
    writing: tokio::sync::Mutex<()>,
    /// Rows whose phase the store does not know yet.
    unsaved: Mutex<BTreeSet<Name>>,
    unsaved_some: Notify,
    changes: broadcast::Sender<Change>,
    generation: AtomicU64,
}

impl Registry {
    /// The row of `name`.
    pub fn find(&self, name: &str) -> Option<Arc<Row>> {
        self.0.rows.get(name).map(|row| row.clone())
    }

    /// Every row, ordered by name.
    pub fn list(&self) -> Vec<Arc<Row>> {
        let mut rows: Vec<_> = self.0.rows.iter().map(|row| row.clone()).collect();
        rows.sort_by(|a, b| a.name().cmp(b.name()));
        rows
    }

    /// A name that is almost `name`, for "did you mean".
    pub fn nearest(&self, name: &str) -> Option<String> {
        self.nearest_with(name, std::iter::empty())
    }

    /// The same among the rows' names and `others`.
    pub fn nearest_with(&self, name: &str, others: impl Iterator<Item = String>) -> Option<String> {
        let rows = self.0.rows.iter().map(|row| row.name().to_string());
        near::nearest(name, rows.chain(others))
    }

    /// Counts changes after which an adapter made from a row may be wrong.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// To be called when something changed that rows refer to, such as a secret.
    pub fn new_generation(&self) {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
    }
}

//! Rows that an administrator writes: load, create, replace, delete; and the sweep.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dashmap::DashMap;
use shared::lifecycle::{Event, Next, step};
use shared::llm::{Llm, Phase};
use shared::name::Name;
use shared::timestamp::Timestamp;
use store::{Store, StoreError};
use tokio::sync::{Notify, broadcast};

use crate::changes::{Change, MAX_BEHIND};
use crate::row::Row;
use crate::{Inner, Registry};

impl Registry {
    /// Loads every row of the store.
    ///
    /// A virtual row that was callable when the last server ended is inactive now: a row is shown
    /// active only while its channel is proven.
    pub async fn load(store: Store, now: Timestamp) -> Result<Self, StoreError> {
        let registry = Self(Arc::new(Inner {
            rows: DashMap::new(),
            pools: DashMap::new(),
            writing: tokio::sync::Mutex::default(),
            unsaved: Mutex::default(),
            unsaved_some: Notify::new(),
            changes: broadcast::channel(MAX_BEHIND).0,
            generation: 1.into(),
            store,
        }));
        for llm in registry.0.store.llms().list_all().await? {
            let mut row = Row::new(llm, None);
            if row.is_virtual() && row.phase() != Phase::Inactive {
                row = row.in_phase(Phase::Inactive, now);
                registry.not_saved(row.name());
            }
            registry.put(row);
        }
        Ok(registry)
    }

    /// Adds a public row.
    ///
    /// Errors: [`StoreError::Conflict`] where the name is taken.
    pub async fn create(&self, llm: &Llm, now: Timestamp) -> Result<Arc<Row>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let llm = self.0.store.llms().insert(llm, now).await?;
        let row = self.put(Row::new(llm, None));
        self.tell(Change::Added(row.clone()));
        self.new_generation();
        Ok(row)
    }

    /// Changes what is wanted of a row.
    ///
    /// Errors: [`StoreError::NotFound`], [`StoreError::Stale`] where it is not at `expected`.
    pub async fn replace(
        &self,
        llm: &Llm,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Arc<Row>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let mut llm = self.0.store.llms().replace(llm, expected, now).await?;
        let before = self.find(llm.metadata.name.as_str());
        if let Some(before) = &before {
            if before.version() == llm.metadata.resource_version {
                return Ok(before.clone());
            }
            // What is seen of the row is newer here than there.
            llm.status = before.document().status;
        }
        let row = self.put(Row::new(llm, before.as_deref()));
        self.tell(Change::Modified(row.clone()));
        self.new_generation();
        Ok(row)
    }

    /// Deletes the row that was looked at, and no other that has its name by now. One that is gone from the store alone is
    /// deleted here.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(&self, row: &Row) -> Result<Arc<Row>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let name = row.name();
        let deleted = match self.0.store.llms().delete(name, row.id()).await {
            Err(StoreError::Stale { kind, name }) => {
                return Err(StoreError::NotFound { kind, name });
            }
            Err(error) if !matches!(error, StoreError::NotFound { .. }) => return Err(error),
            deleted => deleted,
        };
        let is_it = |_: &Name, now: &Arc<Row>| now.id() == row.id();
        let removed = self.0.rows.remove_if(name, is_it).map(|(_, row)| row);
        self.pool_up(removed.as_deref(), None);
        let row = match removed {
            Some(removed) => removed,
            None => Arc::new(Row::new(deleted?, None)),
        };
        self.tell(Change::Deleted(row.clone()));
        self.new_generation();
        Ok(row)
    }

    /// Deletes the virtual rows that nobody served for `retention`. Idempotent.
    pub async fn sweep(&self, retention: Duration, now: Timestamp) -> Result<usize, StoreError> {
        let mut swept = 0;
        for row in self.list() {
            let since = row.inactive_since().filter(|_| row.is_virtual());
            let expired = since.is_some_and(|since| now.since(since) >= retention);
            if !expired || step(row.phase(), Event::RetentionPassed) != Next::Delete {
                continue;
            }
            let _writing = self.0.writing.lock().await;
            // It may have come back while we waited.
            let still = |_: &Name, now: &Arc<Row>| Arc::ptr_eq(now, &row);
            if self
                .0
                .rows
                .get(row.name())
                .is_none_or(|now| !Arc::ptr_eq(&now, &row))
            {
                continue;
            }
            match self.0.store.llms().delete(row.name(), row.id()).await {
                Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Stale { .. }) => {}
                Err(error) => return Err(error),
            }
            if self.0.rows.remove_if(row.name(), still).is_some() {
                self.pool_up(Some(&row), None);
                tracing::info!(llm.name = %row.name(), "row deleted: nobody served it for the retention time");
                self.tell(Change::Deleted(row));
                swept += 1;
            }
        }
        Ok(swept)
    }

    pub(crate) fn put(&self, row: Row) -> Arc<Row> {
        let row = Arc::new(row);
        let before = self.0.rows.insert(row.name().clone(), row.clone());
        self.pool_up(before.as_deref(), Some(&row));
        row
    }
}

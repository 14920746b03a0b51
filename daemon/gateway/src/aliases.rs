//! The aliases in memory, written through to the store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use registry::{Registry, Row};
use shared::alias::{Alias, AliasStatus};
use shared::llm::Phase;
use shared::name::Name;
use shared::timestamp::Timestamp;
use store::{Store, StoreError};

/// The aliases. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Aliases(Arc<Inner>);

struct Inner {
    store: Store,
    by_name: RwLock<HashMap<Name, Arc<Alias>>>,
    /// Held by every change, so that memory and store see one order.
    writing: tokio::sync::Mutex<()>,
}

impl Aliases {
    /// Loads every alias.
    pub async fn load(store: Store) -> Result<Self, StoreError> {
        let aliases = store.aliases().list().await?;
        let named = |alias: Alias| (alias.metadata.name.clone(), Arc::new(alias));
        Ok(Self(Arc::new(Inner {
            by_name: RwLock::new(aliases.into_iter().map(named).collect()),
            writing: tokio::sync::Mutex::default(),
            store,
        })))
    }

    /// The alias `name`, without status.
    pub fn find(&self, name: &str) -> Option<Arc<Alias>> {
        let by_name = self.read();
        if by_name.is_empty() {
            return None;
        }
        let name: Name = name.parse().ok()?;
        by_name.get(&name).cloned()
    }

    /// Every alias, ordered by name, without status.
    pub fn list(&self) -> Vec<Arc<Alias>> {
        let mut aliases: Vec<_> = self.read().values().cloned().collect();
        aliases.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        aliases
    }

    /// Adds an alias.
    ///
    /// Errors: [`StoreError::Conflict`] where the name is taken.
    pub async fn create(&self, alias: &Alias, now: Timestamp) -> Result<Arc<Alias>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let alias = self.0.store.aliases().insert(alias, now).await?;
        Ok(self.put(alias))
    }

    /// Changes an alias.
    ///
    /// Errors: [`StoreError::NotFound`], [`StoreError::Stale`].
    pub async fn replace(
        &self,
        alias: &Alias,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Arc<Alias>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let alias = self.0.store.aliases().replace(alias, expected, now).await?;
        Ok(self.put(alias))
    }

    /// Deletes an alias.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(&self, name: &Name) -> Result<Alias, StoreError> {
        let _writing = self.0.writing.lock().await;
        let alias = self.0.store.aliases().delete(name).await?;
        self.write().remove(name);
        Ok(alias)
    }

    fn put(&self, alias: Alias) -> Arc<Alias> {
        let alias = Arc::new(alias);
        let name = alias.metadata.name.clone();
        self.write().insert(name, alias.clone());
        alias
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Name, Arc<Alias>>> {
        let by_name = self.0.by_name.read();
        by_name.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<Name, Arc<Alias>>> {
        let by_name = self.0.by_name.write();
        by_name.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The LLMs that belong to an alias now, ordered by name.
pub(crate) fn members(alias: &Alias, registry: &Registry) -> Vec<Arc<Row>> {
    let spec = &alias.spec;
    let named = spec.llms.iter();
    let mut rows: Vec<_> = named
        .filter_map(|name| registry.find(name.as_str()))
        .collect();
    if let Some(model) = &spec.model {
        rows.extend(registry.pool(model));
    }
    rows.sort_by(|a, b| a.name().cmp(b.name()));
    rows.dedup_by(|a, b| a.name() == b.name());
    rows
}

/// The alias with what is seen of it.
pub fn with_status(alias: &Alias, registry: &Registry) -> Alias {
    let rows = members(alias, registry);
    let active = rows.iter().filter(|row| row.phase() == Phase::Active);
    let status = AliasStatus {
        active: u32::try_from(active.count()).unwrap_or(u32::MAX),
        members: rows.iter().map(|row| row.name().clone()).collect(),
    };
    Alias {
        status: Some(status),
        ..alias.clone()
    }
}

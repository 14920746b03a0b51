//! Resources that are wanted and never seen (aliases, prices), in memory, written through to the
//! store. There are few of them, and requests look at them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use shared::document::Document;
use shared::name::Name;
use shared::timestamp::Timestamp;
use store::documents::{self, Kept};
use store::{Store, StoreError};

/// One of them.
pub type Kind<Spec> = Document<Spec, <Spec as Kept>::Status>;

/// The resources of one kind. Cheap to clone; clones are the same.
pub struct Documents<Spec: Kept>(Arc<Inner<Spec>>);

struct Inner<Spec: Kept> {
    store: Store,
    by_name: RwLock<HashMap<Name, Arc<Kind<Spec>>>>,
    /// Held by every change, so that memory and store see one order.
    writing: tokio::sync::Mutex<()>,
}

impl<Spec: Kept> Clone for Documents<Spec> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Spec: Kept> Documents<Spec> {
    /// Loads all of them.
    pub async fn load(store: Store) -> Result<Self, StoreError> {
        let all = documents::Documents::new(&store).list().await?;
        let named = |document: Kind<Spec>| (document.metadata.name.clone(), Arc::new(document));
        let by_name = all.into_iter().map(named).collect();
        Ok(Self(Arc::new(Inner {
            by_name: RwLock::new(by_name),
            writing: tokio::sync::Mutex::default(),
            store,
        })))
    }

    /// The one called `name`, without status.
    pub fn find(&self, name: &str) -> Option<Arc<Kind<Spec>>> {
        let by_name = self.read();
        // Most servers have none, and most requests name an LLM.
        if by_name.is_empty() {
            return None;
        }
        let name: Name = name.parse().ok()?;
        by_name.get(&name).cloned()
    }

    /// Whether one of them is as asked.
    pub fn any(&self, is: impl Fn(&Kind<Spec>) -> bool) -> bool {
        self.read().values().any(|one| is(one))
    }

    /// All of them, ordered by name, without status.
    pub fn list(&self) -> Vec<Arc<Kind<Spec>>> {
        let mut all: Vec<_> = self.read().values().cloned().collect();
        all.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        all
    }

    /// Adds one.
    ///
    /// Errors: [`StoreError::Conflict`] where the name is taken, [`StoreError::TooMany`].
    pub async fn create(
        &self,
        document: &Kind<Spec>,
        now: Timestamp,
    ) -> Result<Arc<Kind<Spec>>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let kept = self.kept().insert(document, now).await?;
        Ok(self.put(kept))
    }

    /// Changes one.
    ///
    /// Errors: [`StoreError::NotFound`], [`StoreError::Stale`] where it is not at `expected`.
    pub async fn replace(
        &self,
        document: &Kind<Spec>,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Arc<Kind<Spec>>, StoreError> {
        let _writing = self.0.writing.lock().await;
        let kept = self.kept().replace(document, expected, now).await?;
        Ok(self.put(kept))
    }

    /// Deletes one. One that is gone from the store alone is deleted here.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(&self, name: &Name) -> Result<Kind<Spec>, StoreError>
    where
        Kind<Spec>: Clone,
    {
        let _writing = self.0.writing.lock().await;
        let deleted = self.kept().delete(name).await;
        if let Err(error) = &deleted
            && !matches!(error, StoreError::NotFound { .. })
        {
            return deleted;
        }
        let removed = {
            let by_name = self.0.by_name.write();
            by_name.unwrap_or_else(PoisonError::into_inner).remove(name)
        };
        match removed {
            Some(removed) => Ok(deleted.unwrap_or_else(|_| Arc::unwrap_or_clone(removed))),
            None => deleted,
        }
    }

    fn kept(&self) -> documents::Documents<'_, Spec> {
        documents::Documents::new(&self.0.store)
    }

    fn put(&self, document: Kind<Spec>) -> Arc<Kind<Spec>> {
        let document = Arc::new(document);
        let name = document.metadata.name.clone();
        let by_name = self.0.by_name.write();
        let mut by_name = by_name.unwrap_or_else(PoisonError::into_inner);
        by_name.insert(name, document.clone());
        document
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Name, Arc<Kind<Spec>>>> {
        let by_name = self.0.by_name.read();
        by_name.unwrap_or_else(PoisonError::into_inner)
    }
}

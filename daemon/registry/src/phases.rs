//! Phases of virtual rows: changed in memory at once, saved a moment later.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use shared::lifecycle::{Event, Next, step};
use shared::llm::Phase;
use shared::name::Name;
use shared::timestamp::Timestamp;
use store::StoreError;

use crate::Registry;
use crate::changes::Change;
use crate::row::Row;

/// How long to wait before a failed save is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Registry {
    /// Applies what happened to the row `name`, if `session` serves it. Does not wait.
    ///
    /// Shape: deletion is the sweep's business; [`Next::Delete`] changes nothing here.
    pub fn apply(&self, name: &Name, session: &str, event: Event, now: Timestamp) {
        let changed = {
            let Some(mut row) = self.0.rows.get_mut(name) else {
                return;
            };
            if row.session() != Some(session) {
                return;
            }
            let Next::Become(phase) = step(row.phase(), event) else {
                return;
            };
            *row = row.in_phase(phase, now).into();
            row.clone()
        };
        tracing::info!(llm.name = %name, phase = %changed.phase(), ?event, "row changed its phase");
        self.not_saved(name);
        self.tell(Change::Modified(changed));
    }

    /// Notes why the row `name` could not be woken, or forgets it (`None`), if `session` serves it:
    /// its `lastError`. In memory only, since it is about this moment. Does not wait.
    pub fn note_failure(&self, name: &Name, session: &str, why: Option<&str>) {
        let changed = {
            let Some(mut row) = self.0.rows.get_mut(name) else {
                return;
            };
            let mut llm = row.document();
            let status = llm.status.get_or_insert_default();
            if row.session() != Some(session) || status.last_error.as_deref() == why {
                return;
            }
            status.last_error = why.map(Into::into);
            *row = Row::new(llm, Some(&row)).into();
            row.clone()
        };
        self.tell(Change::Modified(changed));
    }

    /// Notes that the store does not know the row's phase.
    pub(crate) fn not_saved(&self, name: &Name) {
        let mut unsaved = self
            .0
            .unsaved
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unsaved.insert(name.clone());
        drop(unsaved);
        self.0.unsaved_some.notify_one();
    }

    /// Saves phases as they change, until it is dropped. Run it once.
    pub async fn save_phases(&self) {
        loop {
            self.0.unsaved_some.notified().await;
            if let Err(error) = self.save_now().await {
                tracing::warn!(%error, "row phases can't be saved; they are tried again");
                tokio::time::sleep(RETRY_AFTER).await;
                self.0.unsaved_some.notify_one();
            }
        }
    }

    /// Saves what is not saved yet.
    ///
    /// Errors: [`StoreError`]; what was not saved stays noted.
    pub async fn save_now(&self) -> Result<(), StoreError> {
        let names = {
            let mut unsaved = self
                .0
                .unsaved
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *unsaved)
        };
        // By session and moment, since a session's rows change together.
        let mut groups: BTreeMap<(String, Timestamp), Vec<(Name, Phase)>> = BTreeMap::new();
        for name in &names {
            let Some(row) = self.find(name.as_str()) else {
                continue;
            };
            let Some(session) = row.session() else {
                continue;
            };
            let at = row.inactive_since().unwrap_or_default();
            let group = groups.entry((session.to_owned(), at)).or_default();
            group.push((name.clone(), row.phase()));
        }
        for ((session, at), phases) in &groups {
            let saved = self.0.store.llms().set_phases(session, phases, *at).await;
            if let Err(error) = saved {
                let mut unsaved = self
                    .0
                    .unsaved
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                unsaved.extend(names);
                return Err(error);
            }
        }
        Ok(())
    }
}

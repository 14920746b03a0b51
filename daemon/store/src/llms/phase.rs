//! What is seen of a row: its phase, and when its publisher was last heard.
//!
//! `inactive_since` follows from the phase: set when a row becomes inactive, kept while it stays
//! so, cleared when it leaves. None of this counts up `resourceVersion`.

use shared::llm::{Llm, Phase};
use shared::name::Name;
use shared::timestamp::Timestamp;

use super::Llms;
use super::row::{self, LlmRow, columns};
use crate::backend::{in_tx, on_write, on_write_many};
use crate::bounds::{self, MAX_NOTE_BYTES};
use crate::error::{During, StoreError};

/// What a row must be like for a change to apply. The default expects nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// It is in this phase.
    pub phase: Option<Phase>,
    /// This session serves it.
    pub session: Option<&'a str>,
}

impl Llms<'_> {
    /// Changes the phase of one row. `last_error` is stored with it; `None` clears it.
    ///
    /// Errors: [`StoreError::NotFound`]; [`StoreError::Stale`] where the row is not as expected.
    pub async fn set_phase(
        self,
        name: &Name,
        expected: Expected<'_>,
        phase: Phase,
        last_error: Option<&str>,
        at: Timestamp,
    ) -> Result<Llm, StoreError> {
        let last_error = last_error.map(|text| bounds::cut(text, MAX_NOTE_BYTES));
        let changed = on_write!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "update llms
                set phase = $2,
                    inactive_since = case
                        when $2 <> 'inactive' then null
                        else coalesce(inactive_since, $3)
                    end,
                    last_error = $4
                where name = $1
                    and ($5 is null or phase = $5)
                    and ($6 is null or provider_session_id = $6)
                returning ",
                columns!()
            ))
            .bind(name.as_str())
            .bind(phase.as_str())
            .bind(at.as_millis())
            .bind(&last_error)
            .bind(expected.phase.map(Phase::as_str))
            .bind(expected.session)
            .fetch_optional(pool)
            .await
        })
        .during("change the phase of an LLM")?;
        match changed {
            Some(row) => row.try_into(),
            None => Err(self.missing_or_stale(name).await?),
        }
    }

    /// Changes the phase of every row that the session serves, and answers those that were in
    /// another one, ordered by name.
    pub async fn set_session_phase(
        self,
        session: &str,
        phase: Phase,
        at: Timestamp,
    ) -> Result<Vec<Llm>, StoreError> {
        let changed = on_write_many!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "update llms
                set phase = $2,
                    inactive_since = case when $2 = 'inactive' then $3 end
                where provider_session_id = $1 and phase <> $2
                returning ",
                columns!()
            ))
            .bind(session)
            .bind(phase.as_str())
            .bind(at.as_millis())
            .fetch_all(pool)
            .await
        })
        .during("change the phase of a session's LLMs")?;
        row::by_name(changed)
    }

    /// Changes the phases of several rows of one session together, and answers those that were in
    /// another one, ordered by name. A name that the session does not serve is passed over: it was
    /// moved or deleted meanwhile.
    pub async fn set_phases(
        self,
        session: &str,
        phases: &[(Name, Phase)],
        at: Timestamp,
    ) -> Result<Vec<Llm>, StoreError> {
        let changed = self.try_set_phases(session, phases, at).await;
        row::by_name(changed.during("change the phases of a session's LLMs")?)
    }

    async fn try_set_phases(
        self,
        session: &str,
        phases: &[(Name, Phase)],
        at: Timestamp,
    ) -> Result<Vec<LlmRow>, sqlx::Error> {
        Ok(in_tx!(self.store, |tx| {
            let mut changed = Vec::new();
            for (name, phase) in phases {
                let row = sqlx::query_as::<_, LlmRow>(concat!(
                    "update llms
                    set phase = $3,
                        inactive_since = case when $3 = 'inactive' then $4 end
                    where name = $1 and provider_session_id = $2 and phase <> $3
                    returning ",
                    columns!()
                ))
                .bind(name.as_str())
                .bind(session)
                .bind(phase.as_str())
                .bind(at.as_millis())
                .fetch_optional(&mut *tx)
                .await?;
                changed.extend(row);
            }
            changed
        }))
    }

    /// Moves `lastHeartbeatAt` of the rows that the session serves, never back. Wakes nothing.
    pub async fn note_heartbeat(self, session: &str, at: Timestamp) -> Result<(), StoreError> {
        on_write_many!(self.store, |pool| {
            sqlx::query(
                "update llms
                set last_heartbeat_at = $2
                where provider_session_id = $1
                    and (last_heartbeat_at is null or last_heartbeat_at < $2)",
            )
            .bind(session)
            .bind(at.as_millis())
            .execute(pool)
            .await
            .map(drop)
        })
        .during("note a heartbeat")
    }

    /// Makes the virtual rows inactive that are not yet and whose publisher was not heard since
    /// `heard_before`, and answers them, ordered by name.
    pub async fn deactivate_silent(
        self,
        heard_before: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<Llm>, StoreError> {
        let changed = on_write_many!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "update llms
                set phase = 'inactive',
                    inactive_since = $2
                where kind = 'virtual'
                    and phase <> 'inactive'
                    and (last_heartbeat_at is null or last_heartbeat_at < $1)
                returning ",
                columns!()
            ))
            .bind(heard_before.as_millis())
            .bind(at.as_millis())
            .fetch_all(pool)
            .await
        })
        .during("deactivate silent LLMs")?;
        row::by_name(changed)
    }
}

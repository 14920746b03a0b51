//! A row as it is stored, and what it means.

use shared::document::Metadata;
use shared::llm::{KIND as DOCUMENT_KIND, Llm, LlmStatus};
use shared::name::Name;
use shared::timestamp::Timestamp;

use super::KIND;
use crate::bounds;
use crate::error::StoreError;

/// The columns of [`LlmRow`], for a `select` or `returning`.
macro_rules! columns {
    () => {
        "id, name, owner, spec, labels, extra, phase, provider_session_id, last_heartbeat_at,
         inactive_since, last_error, created_at, updated_at, resource_version"
    };
}
pub(crate) use columns;

#[derive(sqlx::FromRow)]
pub(crate) struct LlmRow {
    id: String,
    name: String,
    owner: Option<String>,
    spec: String,
    labels: String,
    extra: String,
    phase: String,
    provider_session_id: Option<String>,
    last_heartbeat_at: Option<i64>,
    inactive_since: Option<i64>,
    last_error: Option<String>,
    created_at: i64,
    updated_at: i64,
    resource_version: i64,
}

impl TryFrom<LlmRow> for Llm {
    type Error = StoreError;

    fn try_from(row: LlmRow) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt(KIND, row.name.escape_debug(), column);
        let metadata = Metadata {
            name: row.name.parse().map_err(|_| corrupt("name"))?,
            labels: serde_json::from_str(&row.labels).map_err(|_| corrupt("labels"))?,
            created_at: Some(Timestamp::from_millis(row.created_at)),
            updated_at: Some(Timestamp::from_millis(row.updated_at)),
            resource_version: match u64::try_from(row.resource_version) {
                Ok(version) => Some(version),
                Err(_) => return Err(corrupt("resource_version")),
            },
            extra: serde_json::from_str(&row.extra).map_err(|_| corrupt("extra"))?,
            id: Some(row.id),
            owner: row.owner,
        };
        let status = LlmStatus {
            phase: row
                .phase
                .parse()
                .map_err(|_| StoreError::corrupt(KIND, &metadata.name, "phase"))?,
            provider_session_id: row.provider_session_id,
            last_heartbeat_at: row.last_heartbeat_at.map(Timestamp::from_millis),
            inactive_since: row.inactive_since.map(Timestamp::from_millis),
            in_flight: 0,
            queued: 0,
            last_error: row.last_error,
            breaker: None,
        };
        let spec = serde_json::from_str(&row.spec)
            .map_err(|_| StoreError::corrupt(KIND, &metadata.name, "spec"))?;
        Ok(Self {
            api_version: shared::API_VERSION.into(),
            kind: DOCUMENT_KIND.into(),
            metadata,
            spec,
            status: Some(status),
        })
    }
}

/// The half of a row that a writer decides, as it is stored.
pub(crate) struct Wanted {
    pub(crate) spec: String,
    pub(crate) labels: String,
    pub(crate) extra: String,
    pub(crate) secret_name: Option<String>,
}

impl Wanted {
    /// Errors: [`StoreError::TooLarge`] where a part is beyond what is stored.
    pub(crate) fn of(llm: &Llm) -> Result<Self, StoreError> {
        let key = llm.spec.key.as_ref();
        Ok(Self {
            spec: bounds::json("spec", &llm.spec)?,
            labels: bounds::json("labels", &llm.metadata.labels)?,
            extra: bounds::json("metadata", &llm.metadata.extra)?,
            secret_name: key.map(|key| key.name.to_string()),
        })
    }
}

/// Rows as `returning` gave them (in no order), by name.
pub(crate) fn by_name(rows: Vec<LlmRow>) -> Result<Vec<Llm>, StoreError> {
    let llms: Result<Vec<Llm>, _> = rows.into_iter().map(Llm::try_from).collect();
    let mut llms = llms?;
    llms.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    Ok(llms)
}

/// A stored name.
pub(crate) fn name(text: String) -> Result<Name, StoreError> {
    text.parse()
        .map_err(|_| StoreError::corrupt(KIND, text.escape_debug(), "name"))
}

//! Rows of secrets, and what they mean.

use shared::document::Metadata;
use shared::secret::{KIND as DOCUMENT_KIND, Secret, SecretSpec, SecretStatus};
use shared::timestamp::Timestamp;

use super::KIND;
use crate::error::StoreError;
use crate::seal::Sealed;

/// One field of a secret, or a secret without any.
#[derive(sqlx::FromRow)]
pub(super) struct FieldRow {
    id: String,
    name: String,
    labels: String,
    created_at: i64,
    updated_at: i64,
    resource_version: i64,
    field: Option<String>,
}

/// A sealed value and the row that it is bound to.
#[derive(sqlx::FromRow)]
pub(super) struct SealedRow {
    row_id: String,
    key_id: String,
    nonce: Vec<u8>,
    sealed: Vec<u8>,
}

impl SealedRow {
    pub(super) fn into_parts(self) -> (String, Sealed) {
        let sealed = Sealed {
            key_id: self.key_id,
            nonce: self.nonce,
            bytes: self.sealed,
        };
        (self.row_id, sealed)
    }
}

/// Secrets of their fields, which come secret by secret and in order.
pub(super) fn gather(rows: Vec<FieldRow>) -> Result<Vec<Secret>, StoreError> {
    let mut secrets: Vec<Secret> = Vec::new();
    for mut row in rows {
        let field = row.field.take();
        let is_same = secrets
            .last()
            .is_some_and(|last| last.metadata.id.as_deref() == Some(&row.id));
        if !is_same {
            secrets.push(secret(row)?);
        }
        let status = secrets.last_mut().and_then(|last| last.status.as_mut());
        if let (Some(status), Some(field)) = (status, field) {
            status.fields.push(field);
        }
    }
    Ok(secrets)
}

fn secret(row: FieldRow) -> Result<Secret, StoreError> {
    let corrupt = |column| StoreError::corrupt(KIND, row.name.escape_debug(), column);
    let version = u64::try_from(row.resource_version);
    Ok(Secret {
        api_version: shared::API_VERSION.into(),
        kind: DOCUMENT_KIND.into(),
        metadata: Metadata {
            labels: serde_json::from_str(&row.labels).map_err(|_| corrupt("labels"))?,
            created_at: Some(Timestamp::from_millis(row.created_at)),
            updated_at: Some(Timestamp::from_millis(row.updated_at)),
            resource_version: Some(version.map_err(|_| corrupt("resource_version"))?),
            id: Some(row.id),
            ..Metadata::named(
                row.name
                    .parse()
                    .map_err(|_| StoreError::corrupt(KIND, row.name.escape_debug(), "name"))?,
            )
        },
        spec: SecretSpec::default(),
        status: Some(SecretStatus::default()),
    })
}

//! The secret resource. Values go in and never come out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Document;

/// The resource's kind in its envelope.
pub const KIND: &str = "Secret";

/// A secret as it is shown: its field names, never its values.
pub type Secret = Document<SecretSpec, SecretStatus>;

/// What a writer sends.
///
/// Shape: `data` maps field names to plain-text values, at least one. It is empty in answers.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SecretSpec {
    /// Field name to value. Write-only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}

impl std::fmt::Debug for SecretSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields: Vec<_> = self.data.keys().collect();
        f.debug_struct("SecretSpec").field("data", &fields).finish()
    }
}

/// What is shown of a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SecretStatus {
    /// The names of its fields, in order.
    pub fields: Vec<String>,
}

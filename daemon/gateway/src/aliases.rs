//! Aliases: one name in front of several LLMs.

use std::sync::Arc;

use registry::{Registry, Row};
use shared::alias::{Alias, AliasSpec, AliasStatus};
use shared::llm::Phase;

use crate::documents::Documents;

/// The aliases.
pub type Aliases = Documents<AliasSpec>;

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

//! Which rows serve which model id.

use std::sync::Arc;

use crate::Registry;
use crate::row::Row;

impl Registry {
    /// The rows that serve the provider's model id `model`, ordered by name; none where nobody
    /// does.
    pub fn pool(&self, model: &str) -> Vec<Arc<Row>> {
        let Some(names) = self.0.pools.get(model).map(|names| names.clone()) else {
            return Vec::new();
        };
        let rows = names.iter().filter_map(|name| self.find(name.as_str()));
        // The index may be a moment behind.
        rows.filter(|row| row.spec().model == model).collect()
    }

    /// The model ids that rows serve, in no order.
    pub fn models(&self) -> Vec<String> {
        let pools = self.0.pools.iter();
        pools.map(|pool| pool.key().clone()).collect()
    }

    /// Keeps the index true when a row comes, changes its model or goes.
    pub(crate) fn pool_up(&self, before: Option<&Row>, after: Option<&Row>) {
        let model = |row: &Row| row.spec().model.clone();
        let (old, new) = (before.map(model), after.map(model));
        if old == new {
            return;
        }
        if let (Some(model), Some(row)) = (old, before) {
            if let Some(mut names) = self.0.pools.get_mut(&model) {
                names.remove(row.name());
            }
            self.0.pools.remove_if(&model, |_, names| names.is_empty());
        }
        if let (Some(model), Some(row)) = (new, after) {
            let mut names = self.0.pools.entry(model).or_default();
            names.insert(row.name().clone());
        }
    }
}

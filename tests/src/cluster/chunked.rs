//! A third row: the same provider, published by a machine whose answers travel piece by piece.

use super::mcplocal::{Mcplocal, provider};
use super::scratch::Scratch;
use super::stage::Stage;
use serde_json::{Value, json};
use std::time::Duration;

/// The row that is published with `resultMode: chunks`.
pub const CHUNKED: &str = "desktop";

/// Longest a publisher may take to be active for the first time.
const PUBLISH_LIMIT: Duration = Duration::from_secs(20);

impl Stage {
    /// Publishes [`CHUNKED`]; `more` is merged into the row.
    ///
    /// # Panics
    /// When the row does not become active.
    pub async fn publish_in_chunks(&self, more: Value) -> Mcplocal {
        let token = self.mcpd.token("pieces", "alice", &["publisher"]).await;
        let providers = json!([provider(CHUNKED, &self.mock.base_url(), more)]);
        let config =
            json!({"server": self.mcpd.url(), "providers": providers, "resultMode": "chunks"});
        let mut local = Mcplocal::start_with(Scratch::new("pieces"), &token, &config);
        self.mcpd.reaches(CHUNKED, "active", PUBLISH_LIMIT).await;
        local.process.note_what_it_holds();
        local
    }
}

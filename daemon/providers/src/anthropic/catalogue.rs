//! What Anthropic serves: `GET v1/models`, page by page.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::{Anthropic, refusal};
use crate::{Error, MAX_LISTING_BYTES, Model};

/// Models per page: the most that the API gives.
const PAGE: usize = 1000;
/// Pages that are read; the rest of a longer list is not seen.
const MAX_PAGES: usize = 10;

#[derive(Deserialize)]
struct Page {
    data: Vec<Listed>,
    #[serde(default)]
    has_more: bool,
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    max_input_tokens: Option<u32>,
    capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
struct Capabilities {
    #[serde(default)]
    image_input: Capability,
    #[serde(default)]
    thinking: Capability,
}

#[derive(Default, Deserialize)]
struct Capability {
    #[serde(default)]
    supported: bool,
}

/// Every model that the key may use.
pub(super) async fn list(server: &Anthropic) -> Result<Vec<Model>, Error> {
    let mut models = Vec::new();
    let mut after = String::new();
    for _ in 0..MAX_PAGES {
        let page = page(server, &after).await?;
        let more = page.has_more && !page.data.is_empty();
        models.extend(page.data.into_iter().map(Model::from));
        match page.last_id {
            Some(last) if more && last != after && is_plain(&last) => after = last,
            _ => return Ok(models),
        }
    }
    tracing::warn!(
        listed = models.len(),
        "the list of models is longer than we read"
    );
    Ok(models)
}

async fn page(server: &Anthropic, after: &str) -> Result<Page, Error> {
    let mut path = format!("models?limit={PAGE}");
    if !after.is_empty() {
        path = path + "&after_id=" + after;
    }
    let answer = server.call(Method::GET, &path, upstream::Body::empty());
    let answer = answer.await?;
    let status = answer.status();
    let bytes = upstream::read_all(answer.into_body(), MAX_LISTING_BYTES).await?;
    if status != StatusCode::OK {
        return Err(refusal::of_a_listing(status, &bytes));
    }
    serde_json::from_slice(&bytes)
        .map_err(|_| Error::Unreadable("its list of models is not Anthropic's".into()))
}

/// An id that can stand in a query as it is.
fn is_plain(id: &str) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !id.is_empty() && id.as_bytes().iter().all(is_plain)
}

impl From<Listed> for Model {
    fn from(listed: Listed) -> Self {
        let capabilities = listed.capabilities.map(in_our_words).unwrap_or_default();
        Self {
            id: listed.id,
            context_window: listed.max_input_tokens,
            remote: false,
            capabilities,
        }
    }
}

/// Every model that Anthropic lists chats, streams and calls tools; it tells of the rest.
fn in_our_words(theirs: Capabilities) -> Vec<String> {
    let known = [
        ("chat", true),
        ("stream", true),
        ("tools", true),
        ("vision", theirs.image_input.supported),
        ("reasoning", theirs.thinking.supported),
    ];
    let ours = known.into_iter().filter(|(_, supported)| *supported);
    ours.map(|(name, _)| name.into()).collect()
}

//! What Gemini serves: `GET models`, page by page.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::model::encoded;
use super::{Gemini, refusal};
use crate::{Error, MAX_LISTING_BYTES, Model};

/// Models asked for in one page: Google's limit.
const PAGE_SIZE: usize = 1000;
/// Pages that are read; Google has about a hundred models.
const MAX_PAGES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    models: Vec<Listed>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    input_token_limit: Option<u32>,
    #[serde(default)]
    supported_generation_methods: Vec<String>,
    #[serde(default)]
    thinking: bool,
}

/// The models of `server`, without the `models/` before their names.
pub(super) async fn list(server: &Gemini) -> Result<Vec<Model>, Error> {
    let (mut models, mut token) = (Vec::new(), None::<String>);
    for _ in 0..MAX_PAGES {
        let next = token.as_deref().map(encoded);
        let next = next.map_or_else(String::new, |token| format!("&pageToken={token}"));
        let path = format!("models?pageSize={PAGE_SIZE}{next}");
        let page = page(server, &path).await?;
        models.extend(page.models.into_iter().map(Model::from));
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(models);
        }
    }
    tracing::warn!(
        models = models.len(),
        pages = MAX_PAGES,
        "Gemini's list of models has more pages than are read"
    );
    Ok(models)
}

async fn page(server: &Gemini, path: &str) -> Result<Page, Error> {
    let answer = server.call(Method::GET, path, None).await?;
    let status = answer.status();
    let bytes = upstream::read_all(answer.into_body(), MAX_LISTING_BYTES).await?;
    if status != StatusCode::OK {
        return Err(refusal::error(status, &bytes, &server.key));
    }
    serde_json::from_slice(&bytes)
        .map_err(|_| Error::Unreadable("its list of models is not Gemini's".into()))
}

impl From<Listed> for Model {
    fn from(listed: Listed) -> Self {
        let name = listed.name;
        let can = |method: &str| {
            listed
                .supported_generation_methods
                .iter()
                .any(|m| m == method)
        };
        let capabilities = [
            ("chat", can("generateContent")),
            ("stream", can("generateContent")),
            ("embeddings", can("embedContent")),
            ("reasoning", listed.thinking),
        ];
        let capabilities = capabilities.iter().filter(|(_, can)| *can);
        Self {
            id: name.strip_prefix("models/").unwrap_or(&name).to_owned(),
            context_window: listed.input_token_limit,
            remote: false,
            capabilities: capabilities.map(|(word, _)| (*word).into()).collect(),
        }
    }
}

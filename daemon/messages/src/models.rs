//! The list of models as `GET /v1/models` gives it to Anthropic's clients.

use serde::Serialize;
use shared::timestamp::Timestamp;

use crate::request::BadRequest;

/// The most models on a page, as Anthropic has it.
pub const MAX_PAGE: usize = 1000;

/// One model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model<'a> {
    /// What to send as `model`.
    pub id: &'a str,
    /// When it was first published.
    pub created_at: Timestamp,
    /// A name for people.
    pub display_name: &'a str,
}

/// Which part of the list is asked for: the query of `GET /v1/models`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// At most so many models, 1 to [`MAX_PAGE`]; without it, [`MAX_PAGE`].
    pub limit: Option<usize>,
    /// The models behind this one.
    pub after_id: Option<&'a str>,
    /// The models before this one, the nearest to it where not all fit.
    pub before_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Item<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: String,
}

#[derive(Serialize)]
struct List<'a> {
    data: Vec<Item<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

/// A page of `models`, in their order.
///
/// Shape: `{"data": [...], "has_more", "first_id", "last_id"}`.
/// Errors: [`BadRequest`] where the page begins at a model that is not in the list, goes both
/// ways, or has no room.
pub fn list(models: &[Model<'_>], page: &Page<'_>) -> Result<String, BadRequest> {
    let limit = match page.limit {
        None => MAX_PAGE,
        Some(limit @ 1..=MAX_PAGE) => limit,
        Some(_) => return Err(BadRequest::new("limit", "must be between 1 and 1000")),
    };
    let at = |field: &str, id: &str| {
        let at = models.iter().position(|model| model.id == id);
        at.ok_or_else(|| BadRequest::new(field, "names no model of the list"))
    };
    let (part, has_more) = match (page.after_id, page.before_id) {
        (Some(_), Some(_)) => {
            let why = "can't be sent together with `after_id`";
            return Err(BadRequest::new("before_id", why));
        }
        (None, Some(id)) => {
            let before = &models[..at("before_id", id)?];
            let from = before.len().saturating_sub(limit);
            (&before[from..], from > 0)
        }
        (after, None) => {
            let from = match after {
                Some(id) => at("after_id", id)? + 1,
                None => 0,
            };
            let rest = &models[from..];
            let to = rest.len().min(limit);
            (&rest[..to], to < rest.len())
        }
    };
    let list = List {
        data: part.iter().map(item).collect(),
        has_more,
        first_id: part.first().map(|model| model.id),
        last_id: part.last().map(|model| model.id),
    };
    Ok(text(&list))
}

/// One model, as `GET /v1/models/{id}` gives it.
pub fn one(model: &Model<'_>) -> String {
    text(&item(model))
}

fn item<'a>(model: &Model<'a>) -> Item<'a> {
    Item {
        r#type: "model",
        id: model.id,
        display_name: model.display_name,
        created_at: moment(model.created_at),
    }
}

/// A time that no calendar holds is as good as none: it must not break the list.
fn moment(at: Timestamp) -> String {
    let at = if at.is_in_calendar() {
        at
    } else {
        Timestamp::default()
    };
    at.to_string()
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and truths can be written as JSON")
}

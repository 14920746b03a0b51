//! Whom a conversation is with, in a few lines.

use serde_json::Value;
use shared::name::Name;

use crate::client::{Target, name_of};
use crate::output::columns::{active, target, text};

/// The rule above and below, in characters.
const RULE: usize = 40;

/// The lines for `name`, in a terminal of `width` cells.
pub(super) fn header(name: &Name, to: &Target<'_>, width: usize) -> String {
    let rule = "─".repeat(RULE.min(width));
    let field = |of: &Value, pointer| of.pointer(pointer).map(text).unwrap_or_default();
    let (who, how) = match *to {
        Target::Llm(llm) => {
            let at = |pointer| field(llm, pointer);
            (
                format!("LLM: {name}  {} → {}", at("/spec/type"), at("/spec/model")),
                format!(
                    "Kind: {}    Status: {}",
                    at("/spec/kind"),
                    at("/status/phase")
                ),
            )
        }
        Target::Alias(alias) => (
            format!(
                "Alias: {name}  {} → {}",
                field(alias, "/spec/policy"),
                target(alias)
            ),
            format!("Active: {}", active(alias)),
        ),
        Target::Pool(ref llms) => {
            let phases = llms.iter().map(|llm| field(llm, "/status/phase"));
            let active = phases.filter(|phase| phase == "active").count();
            let names: Vec<_> = llms.iter().map(|llm| name_of(llm)).collect();
            (
                format!("Model: {name} → {}", names.join(",")),
                format!("Active: {active}/{}", llms.len()),
            )
        }
    };
    format!("{rule}\n{who}\n{how}\n{rule}")
}

/// Whether it may take images: an LLM that lists what it can do lists that too.
pub(super) fn may_see(to: &Target<'_>) -> bool {
    let Target::Llm(llm) = to else { return true };
    let can = llm.pointer("/spec/capabilities").and_then(Value::as_array);
    can.is_none_or(|can| can.is_empty() || can.iter().any(|word| word == "vision"))
}

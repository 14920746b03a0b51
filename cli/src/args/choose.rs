//! Which of a type are meant: `-l`, `--field-selector`.

use clap::Args;
use query::{FieldSelector, Selector};
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::resource::{Resource, Selection};

/// Which of a type are meant, in place of names.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Choose {
    /// Only those with these labels: KEY=VALUE, KEY!=VALUE, 'KEY in (A,B)', KEY, !KEY; commas between
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<Selector>,
    /// Only those with these fields: PATH=VALUE or PATH!=VALUE, commas between
    #[arg(long, value_name = "FIELDS")]
    pub(crate) field_selector: Option<FieldSelector>,
}

impl Choose {
    pub(crate) const fn is_given(&self) -> bool {
        self.selector.is_some() || self.field_selector.is_some()
    }

    /// Whether a document is one of those that are meant.
    pub(crate) fn keeps(&self, resource: Resource, document: &Value) -> bool {
        let labels = self.selector.as_ref();
        let fields = self.field_selector.as_ref();
        labels.is_none_or(|labels| labels.matches(|key| resource.label(document, key)))
            && fields.is_none_or(|fields| fields.matches(document))
    }

    /// Errors: where things are both named and chosen.
    pub(crate) fn check(&self, selections: &[Selection]) -> Result<()> {
        if self.is_given() && selections.iter().any(|s| !s.names.is_empty()) {
            return Err(Failure::usage("names and a selector don't go together")
                .hint("name them, or choose them by -l or --field-selector"));
        }
        Ok(())
    }
}

//! The dialect of a caller, for what we say ourselves.

use shared::error_body::ErrorBody;

use crate::error::Error;

/// In whose shape a caller wants its errors and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's.
    #[default]
    OpenAi,
    /// Anthropic's.
    Anthropic,
}

impl Dialect {
    /// The body of an error answer.
    pub fn error_body(self, status: u16, error: &ErrorBody) -> String {
        match self {
            Self::OpenAi => error.to_json(),
            Self::Anthropic => {
                let detail = &error.error;
                messages::error::body(
                    status,
                    &detail.message,
                    detail.code.as_deref().unwrap_or_default(),
                    detail.hint.as_deref(),
                    detail.request_id.as_deref(),
                )
            }
        }
    }

    /// The body of the error that ends the request `id`.
    pub(crate) fn body_of(self, error: &Error, id: &str) -> String {
        let mut body = ErrorBody::new(error.status(), error.code(), error.to_string());
        body.error.request_id = (!id.is_empty()).then(|| id.to_owned());
        body.error.hint = error.hint();
        if let Some(family) = error.family() {
            body.error.family = family.into();
        }
        self.error_body(error.status(), &body)
    }
}

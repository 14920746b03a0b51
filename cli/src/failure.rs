//! Why a command did not do what was asked: what happened, why, and what to try.

use crate::exit_code::Exit;

/// The one error of this program. Its texts are for the user and never hold a secret.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    request_id: Option<String>,
}

/// What a command gives back.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// `message` says what was attempted and on what.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            request_id: None,
        }))
    }

    /// A command line that clap accepts and we don't.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Any other failure.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failure, message)
    }

    /// The reader of our output went away.
    pub(crate) fn closed_pipe() -> Self {
        Self::new(Exit::ClosedPipe, "")
    }

    /// Ctrl-C: nothing needs to be said.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "")
    }

    /// Adds why it happened.
    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.0.causes.push(cause.into());
        self
    }

    /// Adds an error and all that it came from.
    #[must_use]
    pub(crate) fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.0.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds what to try.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Ties the failure to the server's log.
    #[must_use]
    pub(crate) fn request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    pub(crate) fn has_hint(&self) -> bool {
        self.0.hint.is_some()
    }

    /// What it says first.
    pub(crate) fn first_line(&self) -> String {
        self.0.message.clone()
    }

    /// The lines for a person; none where nothing needs to be said.
    ///
    /// Shape: `(label, text)` in order; a label is `error`, `cause`, `try` or `request id`.
    pub(crate) fn lines(&self) -> Vec<(&'static str, &str)> {
        if matches!(self.0.exit, Exit::ClosedPipe | Exit::Interrupted) {
            return Vec::new();
        }
        let mut lines = vec![("error", self.0.message.as_str())];
        let mut last = self.0.message.as_str();
        for cause in &self.0.causes {
            // Errors of libraries like to repeat what they wrap.
            if !last.contains(cause.as_str()) {
                lines.push(("cause", cause));
            }
            last = cause;
        }
        if let Some(id) = &self.0.request_id {
            lines.push(("request id", id));
        }
        if let Some(hint) = &self.0.hint {
            lines.push(("try", hint));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_come_in_order_and_repeat_nothing() {
        let failure = Failure::failed("a failed: b broke")
            .cause("b broke")
            .cause("c")
            .hint("d")
            .request_id(Some("r".into()));
        assert_eq!(
            failure.lines(),
            [
                ("error", "a failed: b broke"),
                ("cause", "c"),
                ("request id", "r"),
                ("try", "d")
            ]
        );
        assert!(Failure::closed_pipe().lines().is_empty());
    }
}

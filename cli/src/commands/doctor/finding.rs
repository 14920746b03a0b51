//! What a check says: how it stands, in which words, and what to do.

use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::Failure;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and should be looked at.
    Warn,
    /// It does not work.
    Fail,
    /// It can't be said, or does not matter here.
    Skip,
}

impl Verdict {
    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// Which of several things of its kind, such as the provider's name.
    pub(super) of: Option<String>,
    pub(super) detail: String,
    /// What to do; none where nothing needs to be done.
    pub(super) fix: Option<String>,
}

impl Finding {
    fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            of: None,
            detail: detail.into(),
            fix: None,
        }
    }

    pub(super) fn ok(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, detail)
    }

    pub(super) fn warn(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, detail)
    }

    pub(super) fn fail(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, detail)
    }

    pub(super) fn skip(detail: impl Into<String>) -> Self {
        Self::new(Verdict::Skip, detail)
    }

    /// What a failure says, with its causes in one sentence and its hint as the fix.
    pub(super) fn failed(failure: &Failure) -> Self {
        let lines = failure.lines();
        let told = lines
            .iter()
            .filter(|(label, _)| matches!(*label, "error" | "cause"));
        let told: Vec<_> = told.map(|(_, text)| *text).collect();
        let mut finding = Self::fail(told.join(": "));
        let hint = lines.iter().find(|(label, _)| *label == "try");
        finding.fix = hint.map(|(_, text)| (*text).to_owned());
        finding
    }

    /// With what to do.
    #[must_use]
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// About this one of several.
    #[must_use]
    pub(super) fn of(mut self, of: impl Into<String>) -> Self {
        self.of = Some(of.into());
        self
    }

    /// The check's name, and which of several.
    pub(super) fn name(&self, check: &str) -> String {
        match &self.of {
            Some(of) => format!("{check}/{of}"),
            None => check.into(),
        }
    }

    /// As a script reads it.
    pub(super) fn document(&self, check: &str, took: Duration) -> Value {
        json!({
            "name": self.name(check),
            "status": self.verdict.word(),
            "detail": self.detail,
            "fix": self.fix,
            "ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_becomes_a_line_and_its_fix() {
        let failure = Failure::failed("no connection")
            .cause("refused")
            .hint("start it");
        let finding = Finding::failed(&failure);
        assert_eq!(
            finding,
            Finding::fail("no connection: refused").fix("start it")
        );
        assert_eq!(
            finding
                .of("a")
                .document("provider", Duration::from_millis(7))
                .to_string(),
            r#"{"name":"provider/a","status":"fail","detail":"no connection: refused","fix":"start it","ms":7}"#
        );
    }
}

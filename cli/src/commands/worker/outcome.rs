//! What a command's end means for its job: a result, a failure, or nothing that could be told.

use std::process::ExitStatus;
use std::time::Duration;

use shared::job::{Json, MAX_ERROR_BYTES, MAX_RESULT_BYTES};
use shared::nesting::MAX_NESTING;

/// Exit codes (sysexits.h) that say: the same job will fail here and everywhere.
///
/// Wrong use (64) and bad data (65) lie in the payload, a wrong configuration (78) is mended by a person. All others may
/// have to do with this machine or this moment.
const FINAL_CODES: [i32; 3] = [64, 65, 78];
/// The shell could not run it (126), or not find it (127).
const NOT_RUN_CODES: [i32; 2] = [126, 127];

/// Why a command was stopped before its own end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Somebody wanted the job to end.
    Canceled,
    /// The worker was told to stop.
    Worker,
    /// It took longer than `--timeout`.
    Timeout(Duration),
    /// The lease is not ours any more, for this reason: nothing can be told.
    Lost(String),
}

/// What is to be told of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Result(Json),
    Failure { error: String, retryable: bool },
    Lost(String),
}

/// What a command left.
#[derive(Debug)]
pub(super) struct Remains {
    pub(super) status: Result<ExitStatus, String>,
    pub(super) stdout: Vec<u8>,
    /// Stdout went on beyond what a result may have.
    pub(super) overflowed: bool,
    /// The last lines of stderr.
    pub(super) tail: String,
}

impl Remains {
    pub(super) fn exit_code(&self) -> Option<i32> {
        self.status.as_ref().ok().and_then(ExitStatus::code)
    }

    /// Whether the command was no command.
    pub(super) fn was_not_run(&self) -> bool {
        let code = self.exit_code();
        code.is_some_and(|code| NOT_RUN_CODES.contains(&code))
    }

    /// What to tell of it.
    pub(super) fn outcome(self, stopped: Option<Stopped>) -> Outcome {
        let again = |error: &str| failure(error, &self.tail, true);
        match stopped {
            Some(Stopped::Lost(why)) => return Outcome::Lost(why),
            Some(Stopped::Canceled) => return again("canceled: the command was stopped"),
            Some(Stopped::Worker) => {
                return again("the worker was told to stop, and stopped the command");
            }
            Some(Stopped::Timeout(limit)) => {
                let limit = shared::span::Span(limit);
                return again(&format!("the command took longer than {limit}"));
            }
            None => {}
        }
        if self.overflowed {
            return too_large(&self.tail);
        }
        match &self.status {
            Err(why) => again(&format!("the command's end is not known: {why}")),
            Ok(status) if status.success() => result(&self.stdout),
            Ok(status) => match status.code() {
                Some(code) => {
                    let error = format!("the command failed with exit code {code}");
                    failure(&error, &self.tail, !FINAL_CODES.contains(&code))
                }
                None => again(&format!("the command was ended by {}", signal(*status))),
            },
        }
    }
}

/// Stdout as a result, or why it can be none.
fn result(stdout: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(stdout);
    let json = Json::parse(text.clone().into_owned()).unwrap_or_else(|_| {
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Json::from(serde_json::Value::from(text))
    });
    if json.as_str().len() > MAX_RESULT_BYTES {
        return too_large("");
    }
    if json.is_too_deep() {
        let error = format!(
            "the command's output is JSON that nests deeper than {MAX_NESTING} levels: print less deep, or a text"
        );
        return failure(&error, "", false);
    }
    Outcome::Result(json)
}

fn too_large(tail: &str) -> Outcome {
    let error = "the command's output is larger than the 4 MiB that a result may have: print less, \
                 or store it elsewhere and print where";
    failure(error, tail, false)
}

/// A failure whose text fits: the end of the tail counts more than its beginning.
fn failure(error: &str, tail: &str, retryable: bool) -> Outcome {
    let room = MAX_ERROR_BYTES.saturating_sub(error.len() + 2);
    let start = tail.ceil_char_boundary(tail.len().saturating_sub(room));
    let tail = tail[start..].trim();
    let error = match tail {
        "" => error.to_owned(),
        tail => format!("{error}:\n{tail}"),
    };
    Outcome::Failure { error, retryable }
}

fn signal(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    let number = status.signal().unwrap_or_default();
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        6 => "SIGABRT",
        9 => "SIGKILL; the system kills so what takes too much memory",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    /// `wait_status` as `wait(2)` gives it: an exit code is its second byte.
    fn of(wait_status: i32, stdout: &[u8], tail: &str) -> Outcome {
        let remains = Remains {
            status: Ok(ExitStatus::from_raw(wait_status)),
            stdout: stdout.to_vec(),
            overflowed: stdout.len() > MAX_RESULT_BYTES,
            tail: tail.into(),
        };
        remains.outcome(None)
    }

    fn result_of(stdout: &[u8]) -> String {
        match of(0, stdout, "") {
            Outcome::Result(json) => json.as_str().into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_is_the_result_as_it_is_and_text_becomes_a_string() {
        assert_eq!(result_of(b"{\"a\": 1.0}\n"), r#"{"a": 1.0}"#);
        assert_eq!(
            result_of(b"12345678901234567890123"),
            "12345678901234567890123"
        );
        assert_eq!(result_of(b"two words\n"), r#""two words""#);
        assert_eq!(result_of(b"a\n\n"), r#""a\n""#);
        assert_eq!(result_of(b"a\r\n"), r#""a""#);
        assert_eq!(result_of(b"{} {}"), r#""{} {}""#);
        assert_eq!(result_of(b""), r#""""#);
        assert_eq!(result_of(b"\xff"), "\"\u{fffd}\"");
    }

    #[test]
    fn a_result_beyond_the_bound_is_a_final_failure_however_it_grew() {
        let quotes = vec![b'"'; MAX_RESULT_BYTES - 10];
        for stdout in [vec![b'x'; MAX_RESULT_BYTES + 1], quotes] {
            let Outcome::Failure { error, retryable } = of(0, &stdout, "") else {
                panic!("it is no result");
            };
            assert!(error.contains("4 MiB") && !retryable, "{error}");
        }
    }

    #[test]
    fn a_result_that_nests_too_deep_is_a_final_failure() {
        let stdout = "[".repeat(5000) + &"]".repeat(5000);
        let Outcome::Failure { error, retryable } = of(0, stdout.as_bytes(), "") else {
            panic!("it is no result");
        };
        assert!(error.contains("60 levels") && !retryable, "{error}");
    }

    #[test]
    fn exit_codes_say_whether_another_attempt_may_help() {
        for (code, again) in [
            (1, true),
            (2, true),
            (64, false),
            (65, false),
            (75, true),
            (78, false),
            (127, true),
        ] {
            let Outcome::Failure { error, retryable } = of(code << 8, b"", "why\n") else {
                panic!("{code} is a failure");
            };
            assert_eq!(retryable, again, "{code}");
            assert_eq!(
                error,
                format!("the command failed with exit code {code}:\nwhy")
            );
        }
        let Outcome::Failure { error, retryable } = of(11, b"{}", "") else {
            panic!("a crash is a failure");
        };
        assert!(retryable && error.contains("SIGSEGV"), "{error}");
    }

    #[test]
    fn an_error_fits_and_keeps_the_end_of_what_the_command_said() {
        let tail = format!("{}the end", "你".repeat(3000));
        let Outcome::Failure { error, .. } = of(1 << 8, b"", &tail) else {
            panic!("it is a failure");
        };
        assert!(error.len() <= MAX_ERROR_BYTES && error.ends_with("the end"));
    }
}

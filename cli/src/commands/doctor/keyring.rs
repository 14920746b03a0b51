//! The operating system's keyring answers.

use home::credentials::{KeyringError, keyring_answers};

use super::finding::Finding;

pub(super) async fn check() -> Finding {
    let asked = tokio::task::spawn_blocking(keyring_answers).await;
    judge(asked.unwrap_or_else(|_| Err(KeyringError::Failed("it could not be asked".into()))))
}

fn judge(answer: Result<(), KeyringError>) -> Finding {
    match answer {
        Ok(()) => Finding::ok("it answers"),
        Err(KeyringError::Absent) => {
            Finding::skip("this machine has none: tokens are kept in a private file")
        }
        Err(why @ KeyringError::TimedOut) => Finding::warn(why.to_string()).fix(
            "unlock it, as by logging in to the desktop; or keep the token in a private file: \
             mcpctl login URL --insecure-storage",
        ),
        Err(why) => Finding::warn(why.to_string())
            .fix("keep the token in a private file: mcpctl login URL --insecure-storage"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_machine_without_one_is_not_at_fault_and_a_locked_one_is_told() {
        let verdict = |answer| judge(answer).verdict;
        assert_eq!(verdict(Ok(())), Verdict::Ok);
        assert_eq!(verdict(Err(KeyringError::Absent)), Verdict::Skip);
        assert_eq!(verdict(Err(KeyringError::TimedOut)), Verdict::Warn);
        assert!(
            judge(Err(KeyringError::TimedOut))
                .fix
                .unwrap()
                .contains("unlock")
        );
    }
}

//! The session id, kept across restarts so that rows keep their place.

use home::{Home, read_private, write_private};
use http::HeaderValue;

/// The longest id that is taken from a file, in bytes.
const MAX_ID_BYTES: usize = 128;

/// The session of this machine. Its id is no credential.
pub(super) struct Session {
    home: Home,
    id: Option<String>,
}

impl Session {
    /// The session of an earlier run, where there was one.
    pub(super) fn recall(home: Home) -> Self {
        let path = home.provider_session_path();
        let id = match read_private(&path) {
            Ok(bytes) => bytes.and_then(|bytes| String::from_utf8(bytes).ok()),
            Err(failed) => {
                tracing::warn!(%failed, "the session of the last run can't be read: a new one begins");
                None
            }
        };
        let id = id.map(|id| id.trim().to_owned());
        let usable = |id: &String| !id.is_empty() && id.len() <= MAX_ID_BYTES;
        let id = id.filter(usable).filter(|id| header(id).is_some());
        Self { home, id }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The id as a header's value.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        header(self.id()?)
    }

    /// Keeps the id that the server gave.
    pub(super) fn keep(&mut self, id: String) {
        if self.id() == Some(&id) {
            return;
        }
        let path = self.home.provider_session_path();
        if let Err(failed) = write_private(&path, format!("{id}\n").as_bytes()) {
            tracing::warn!(%failed, "the session can't be kept for the next run");
        }
        self.id = Some(id);
    }
}

fn header(id: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_recalled_by_the_next_run_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = std::env::temp_dir().join(format!("mcplocal-session-{}", std::process::id()));
        let home = Home::at(&dir);
        let mut session = Session::recall(home.clone());
        assert_eq!(session.id(), None);
        session.keep("s-1".into());
        assert_eq!(Session::recall(home.clone()).id(), Some("s-1"));
        let mode = std::fs::metadata(home.provider_session_path()).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        std::fs::remove_dir_all(dir).unwrap();
    }
}

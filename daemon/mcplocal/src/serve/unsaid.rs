//! Words about tasks that something on the way refused: a heartbeat takes the way that the channel was proven by.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::channel::{TaskError, TaskFailed};
use tokio::sync::Notify;

/// Words that are kept; beyond, the oldest is dropped, and its caller meets its deadline.
const MAX_WORDS: usize = 64;
/// The longest of them, in characters: all of them fit a heartbeat that anything lets pass.
const MAX_CHARS: usize = 300;

/// Failures of one channel's tasks that the server was not told of. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub struct Unsaid(Arc<Inner>);

#[derive(Default)]
struct Inner {
    words: Mutex<Vec<TaskFailed>>,
    came: Notify,
}

impl Unsaid {
    /// Keeps the word until it is said.
    pub(super) fn keep(&self, id: &str, mut error: TaskError) {
        if let Some((end, _)) = error.message.char_indices().nth(MAX_CHARS) {
            error.message.truncate(end);
        }
        let mut words = self.words();
        if words.len() == MAX_WORDS {
            words.remove(0);
        }
        words.push(TaskFailed {
            task_id: id.into(),
            error,
        });
        drop(words);
        tracing::debug!(task.id = id, "its failure is told in a heartbeat");
        self.0.came.notify_one();
    }

    /// What is to be said.
    pub fn all(&self) -> Vec<TaskFailed> {
        self.words().clone()
    }

    /// The server has heard these, or will not.
    pub fn over(&self, said: &[TaskFailed]) {
        self.words().retain(|word| !said.contains(word));
    }

    /// Resolves when there is something to say.
    pub async fn comes(&self) {
        self.0.came.notified().await;
    }

    fn words(&self) -> MutexGuard<'_, Vec<TaskFailed>> {
        self.0.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &str) -> TaskError {
        TaskError {
            message: message.into(),
            status: None,
            code: None,
        }
    }

    #[tokio::test]
    async fn a_word_is_kept_until_it_is_over_and_the_oldest_gives_way() {
        let unsaid = Unsaid::default();
        unsaid.keep("1-1", error("a"));
        unsaid.comes().await;
        let said = unsaid.all();
        unsaid.keep("1-2", error("b"));
        unsaid.over(&said);
        let ids = || unsaid.all().into_iter().map(|word| word.task_id);
        assert_eq!(ids().collect::<Vec<_>>(), ["1-2"]);
        for n in 0..MAX_WORDS {
            unsaid.keep(&format!("2-{n}"), error("c"));
        }
        assert_eq!(ids().count(), MAX_WORDS);
        assert_eq!(ids().next().unwrap(), "2-0");
        unsaid.keep("3-1", error(&"é".repeat(MAX_CHARS + 1)));
        let last = unsaid.all().pop().unwrap().error.message;
        assert_eq!(last, "é".repeat(MAX_CHARS));
    }
}

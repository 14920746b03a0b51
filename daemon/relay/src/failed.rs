//! Failures of tasks that a heartbeat tells, since something on the publisher's way refused every other word of them.

use shared::channel::Heartbeat;

use crate::error::Error;
use crate::session::State;
use crate::task::TaskId;

/// Ends the tasks that the heartbeat says have failed; those that have ended by themselves are passed over. The caller
/// holds the session, and has seen that the heartbeat is of its epoch.
pub(crate) fn take_task_failures(session_id: &str, state: &mut State, beat: &Heartbeat) {
    for said in &beat.failed {
        let Ok(id) = said.task_id.parse::<TaskId>() else {
            continue;
        };
        let of_now = id.epoch == state.epoch;
        let Some(task) = state.tasks.get_mut(&id.number).filter(|_| of_now) else {
            continue;
        };
        if task.fail(Error::Provider(said.error.clone())) {
            tracing::info!(session.id = session_id, task.id = %id, "a heartbeat tells that it has failed");
        }
    }
}

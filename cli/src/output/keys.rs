//! The thread that reads keys. It can be stopped: another program may have the terminal for a while.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossterm::event::{self, Event};
use tokio::sync::mpsc::{Receiver, channel};

/// Events that may wait to be handled.
const MAX_EVENTS: usize = 64;
/// How long the thread waits for a key before it looks whether it may end.
const POLL: Duration = Duration::from_millis(100);

/// How long the end of the reading is waited for, and how often it is looked at.
const ENDING: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(5);

/// Keys and changes of size; dropping it ends the reading, before it returns.
pub(crate) struct Keys {
    events: Receiver<io::Result<Event>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keys {
    pub(crate) fn read() -> io::Result<Self> {
        let (tell, events) = channel(MAX_EVENTS);
        let over = Arc::new(AtomicBool::new(false));
        let may_end = over.clone();
        let read = move || {
            while !may_end.load(Ordering::Relaxed) {
                let event = match event::poll(POLL) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(why) => Err(why),
                };
                let broken = event.is_err();
                if tell.blocking_send(event).is_err() || broken {
                    return;
                }
            }
        };
        let thread = Builder::new().name("keys".into()).spawn(read)?;
        Ok(Self {
            events,
            over,
            thread: Some(thread),
        })
    }

    /// The next one. Cancel-safe.
    pub(crate) async fn next(&mut self) -> io::Result<Event> {
        match self.events.recv().await {
            Some(event) => event,
            None => Err(io::Error::other("nobody reads the keys any more")),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // One that waits for room would wait for ever.
        self.events.close();
        let Some(thread) = self.thread.take() else {
            return;
        };
        // Of a terminal that is gone a read may never return: nobody needs its keys then.
        for _ in 0..ENDING.as_millis() / LOOK.as_millis() {
            if thread.is_finished() {
                let _ = thread.join();
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

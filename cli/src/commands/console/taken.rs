//! A terminal that is taken, and is given back however the run ends: by a return, an error or a
//! panic.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The alternate screen, without a cursor.
const TAKE: &str = "\u{1b}[?1049h\u{1b}[?25l";
/// No colour, a cursor, no synchronised update that nobody ends, the screen from before.
const GIVE_BACK: &str = "\u{1b}[?2026l\u{1b}[0m\u{1b}[?25h\u{1b}[?1049l";

/// What turns raw mode on and off.
pub(super) type RawMode = fn(bool) -> io::Result<()>;

/// The mode of this process's terminal.
pub(super) fn raw_mode(on: bool) -> io::Result<()> {
    if on {
        crossterm::terminal::enable_raw_mode()
    } else {
        crossterm::terminal::disable_raw_mode()
    }
}

/// A terminal, taken or lent; dropping it gives it back.
pub(super) struct Taken<W: Write + Clone> {
    out: W,
    raw_mode: RawMode,
    is_taken: Arc<AtomicBool>,
}

impl<W: Write + Clone + Send + Sync + 'static> Taken<W> {
    /// Takes it, and sees to it that a panic's words are read on the screen from before.
    pub(super) fn take(out: W, raw_mode: RawMode) -> io::Result<Self> {
        let taken = Self {
            out,
            raw_mode,
            is_taken: Arc::new(AtomicBool::new(false)),
        };
        let (out, is_taken) = (taken.out.clone(), taken.is_taken.clone());
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back(out.clone(), raw_mode, &is_taken);
            before(info);
        }));
        taken.take_again()?;
        Ok(taken)
    }
}

impl<W: Write + Clone> Taken<W> {
    /// Takes it again after it was given back.
    pub(super) fn take_again(&self) -> io::Result<()> {
        self.is_taken.store(true, Ordering::SeqCst);
        (self.raw_mode)(true)?;
        let mut out = self.out.clone();
        out.write_all(TAKE.as_bytes())?;
        out.flush()
    }

    /// Gives it back, once.
    pub(super) fn give_back(&self) {
        give_back(self.out.clone(), self.raw_mode, &self.is_taken);
    }
}

impl<W: Write + Clone> Drop for Taken<W> {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn give_back(mut out: impl Write, raw_mode: RawMode, is_taken: &AtomicBool) {
    if is_taken.swap(false, Ordering::SeqCst) {
        // Nowhere is left to tell of a terminal that is gone.
        let _ = out.write_all(GIVE_BACK.as_bytes());
        let _ = out.flush();
        let _ = raw_mode(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<String>>);

    impl Seen {
        fn text(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.0.lock().unwrap().push_str(&text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn it_is_given_back_once_and_can_be_taken_again() {
        static RAW: AtomicUsize = AtomicUsize::new(0);
        let raw: RawMode = |on| {
            let by = if on { 1 } else { usize::MAX };
            RAW.fetch_add(by, Ordering::SeqCst);
            Ok(())
        };
        let seen = Seen::default();
        let taken = Taken::take(seen.clone(), raw).unwrap();
        assert_eq!(RAW.load(Ordering::SeqCst), 1);
        taken.give_back();
        taken.give_back();
        taken.take_again().unwrap();
        drop(taken);
        let whole = [TAKE, GIVE_BACK, TAKE, GIVE_BACK].concat();
        assert_eq!(seen.text(), whole);
        assert_eq!(RAW.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_panic_gives_it_back_before_its_words_are_written() {
        let seen = Seen::default();
        let words = seen.clone();
        panic::set_hook(Box::new(move |_| {
            let mut words = words.clone();
            words.write_all(b"why").unwrap();
        }));
        let out = seen.clone();
        let end = panic::catch_unwind(move || {
            let _taken = Taken::take(out, |_| Ok(())).unwrap();
            panic!("on purpose");
        });
        let _ = panic::take_hook();
        assert!(end.is_err());
        assert_eq!(seen.text(), [TAKE, GIVE_BACK, "why"].concat());
    }
}

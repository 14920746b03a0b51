//! A live view: looks, draws, and listens to the keyboard, until someone leaves.
//!
//! ```text
//! look -> draw -> wait for { a key, a new size, the interval's end } -> draw or look again
//! ```

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::Output;
use crate::output::paint::Paint;
use crate::output::screen::Screen;

/// What is drawn. Pure: what is seen and the terminal's size come in.
pub(super) trait Live {
    /// What a look brings.
    type Seen;
    /// Takes what was seen.
    fn see(&mut self, seen: Self::Seen);
    /// The server is away, for this reason; what was seen last stays.
    fn lose(&mut self, why: String);
    /// Moves by so many rows, within bounds.
    fn scroll(&mut self, by: isize, height: u16);
    /// The lines of a frame.
    ///
    /// Shape: at most `height` lines of at most `width` cells, colour apart.
    fn lines(&self, width: u16, height: u16, paint: Paint) -> Vec<String>;
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Leave(Exit),
    Scroll(isize),
    Redraw,
    Nothing,
}

/// Draws until someone leaves. The terminal is as before when this returns, however it does.
pub(super) async fn run<V: Live>(
    mut view: V,
    interval: Duration,
    look: impl AsyncFn() -> Result<V::Seen>,
    output: &Output,
) -> Result<Exit> {
    let paint = Paint {
        colour: output.colour_on_out(),
    };
    let look_after = async || {
        tokio::time::sleep(interval).await;
        look().await
    };
    let mut screen = Screen::take(output)?;
    let mut end = std::pin::pin!(asked_to_end());
    let mut next = Box::pin(look_after());
    loop {
        let (width, height) = screen.size();
        screen.draw(&view.lines(width, height, paint))?;
        tokio::select! {
            biased;
            () = &mut end => return Ok(Exit::Interrupted),
            event = screen.event() => match wish(&event?) {
                Wish::Leave(exit) => return Ok(exit),
                Wish::Scroll(by) => view.scroll(by, height),
                Wish::Redraw => screen.forget(),
                Wish::Nothing => {}
            },
            looked = &mut next => {
                match looked {
                    Ok(seen) => view.see(seen),
                    // A server that restarts, or a network that is away, comes back.
                    Err(why) if why.exit() == Exit::Unavailable => view.lose(why.first_line()),
                    Err(why) => return Err(why),
                }
                next = Box::pin(look_after());
            }
        }
    }
}

fn wish(event: &Event) -> Wish {
    match event {
        Event::Resize(..) | Event::FocusGained => Wish::Redraw,
        Event::Key(KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press | KeyEventKind::Repeat,
            ..
        }) => match code {
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => {
                Wish::Leave(Exit::Interrupted)
            }
            KeyCode::Char('l') if modifiers.contains(KeyModifiers::CONTROL) => Wish::Redraw,
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => Wish::Leave(Exit::Done),
            KeyCode::Up | KeyCode::Char('k') => Wish::Scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => Wish::Scroll(1),
            KeyCode::PageUp => Wish::Scroll(-10),
            KeyCode::PageDown => Wish::Scroll(10),
            KeyCode::Home => Wish::Scroll(isize::MIN),
            KeyCode::End => Wish::Scroll(isize::MAX),
            _ => Wish::Nothing,
        },
        _ => Wish::Nothing,
    }
}

/// Waits for a signal that ends programs: the terminal must be given back first.
#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let waits = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = waits else {
        // Without them the keyboard is left.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_people_expect() {
        let press = |code, modifiers| wish(&Event::Key(KeyEvent::new(code, modifiers)));
        let plain = |code| press(code, KeyModifiers::NONE);
        assert_eq!(plain(KeyCode::Char('q')), Wish::Leave(Exit::Done));
        assert_eq!(
            press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Wish::Leave(Exit::Interrupted)
        );
        assert_eq!(plain(KeyCode::Char('c')), Wish::Nothing);
        assert_eq!(plain(KeyCode::Down), Wish::Scroll(1));
        assert_eq!(wish(&Event::Resize(1, 1)), Wish::Redraw);
    }
}

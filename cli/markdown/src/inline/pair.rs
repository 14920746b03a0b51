//! Which runs of `*`, `_`, `~` belong together: CommonMark's delimiter stack, within reach.

use super::token::{Token, What};
use super::{REACH, Reading};

/// Finds the partners of all runs; the first token that waits for one.
pub(super) fn pair(tokens: &mut [Token<'_>], end: usize, reading: Reading) -> Option<usize> {
    // Openers that may still be closed.
    let mut open: Vec<usize> = Vec::new();
    for at in 0..tokens.len() {
        if !matches!(tokens[at].what, What::Run(_)) {
            continue;
        }
        close_with(tokens, at, &mut open);
        if let What::Run(run) = &tokens[at].what
            && run.opens
            && run.left > 0
            // What closed one emphasis opens none: else a chain of them would never be settled.
            && run.ends.is_empty()
        {
            open.push(at);
        }
    }
    let near = |at: &usize| end - tokens[*at].start <= REACH;
    match reading {
        Reading::Closed => None,
        Reading::Open => open.iter().copied().find(near),
        Reading::Peek => {
            let near: Vec<usize> = open.iter().copied().filter(near).collect();
            for at in near {
                if let What::Run(run) = &mut tokens[at].what {
                    let (strong, single) = (run.left / 2, run.left % 2);
                    run.begin.extend(std::iter::repeat_n(true, strong));
                    run.begin.extend(std::iter::repeat_n(false, single));
                    run.left = 0;
                }
            }
            None
        }
    }
}

/// Lets the run at `at` close what it can.
fn close_with(tokens: &mut [Token<'_>], at: usize, open: &mut Vec<usize>) {
    loop {
        let (before, from) = tokens.split_at_mut(at);
        let start = from[0].start;
        let What::Run(closer) = &mut from[0].what else {
            return;
        };
        if !closer.closes || closer.left == 0 {
            return;
        }
        let fits = |index: &usize| {
            let opener = &before[*index];
            let What::Run(run) = &opener.what else {
                return false;
            };
            // CommonMark, "rule of three": `**a*b**` is no emphasis within.
            let sum = run.length + closer.length;
            let odd = (run.closes || closer.opens)
                && sum.is_multiple_of(3)
                && !(run.length.is_multiple_of(3) && closer.length.is_multiple_of(3));
            run.mark == closer.mark && !odd && start - opener.start <= REACH
        };
        let Some(place) = open.iter().rposition(fits) else {
            return;
        };
        // What was opened between the two stays as it was typed.
        open.truncate(place + 1);
        let index = open[place];
        let What::Run(opener) = &mut before[index].what else {
            return;
        };
        let strong = opener.left >= 2 && closer.left >= 2;
        let used = if strong { 2 } else { 1 };
        opener.left -= used;
        closer.left -= used;
        opener.begin.push(strong);
        closer.ends.push(strong);
        if opener.left == 0 {
            open.pop();
        }
    }
}

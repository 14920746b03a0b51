//! What the console wants to be told of: what is looked at, and no more.

use crate::console::Console;
use crate::feed::Feed;
use crate::pane::Showing;
use crate::target::Kind;
use crate::view::View;

impl Console {
    /// What is to be fetched now, and no more than that.
    pub fn wanted(&self) -> Vec<Feed> {
        let mut wanted = vec![Feed::Llms, Feed::Load];
        wanted.extend(self.feed_of_view());
        // Changes are told as they come, heartbeats are not.
        if self.view == View::Publishers
            || self
                .pane
                .as_ref()
                .is_some_and(|pane| pane.view == View::Llm)
        {
            wanted.push(Feed::Documents(Kind::Llm));
        }
        if self.events_shown && self.view != View::Jobs {
            wanted.push(Feed::Jobs);
        }
        wanted.extend(self.feed_of_pane());
        wanted
    }

    pub(crate) fn feed_of_view(&self) -> Option<Feed> {
        match self.view {
            View::Llm => None,
            View::Publishers => Some(Feed::Workers),
            View::Jobs => Some(Feed::Jobs),
            View::Usage => Some(Feed::Usage(self.by)),
            View::Requests => Some(Feed::Requests),
            View::Alias => Some(Feed::Documents(Kind::Alias)),
            View::Price => Some(Feed::Documents(Kind::Price)),
            View::Secret => Some(Feed::Documents(Kind::Secret)),
            View::Token => Some(Feed::Documents(Kind::Token)),
        }
    }

    pub(crate) fn feed_of_pane(&self) -> Option<Feed> {
        let pane = self.pane.as_ref()?;
        match (pane.view, pane.showing) {
            (View::Jobs, Showing::Fields) => Some(Feed::Job(pane.key.clone())),
            (View::Jobs, Showing::Log) => Some(Feed::JobLog(pane.key.clone())),
            (View::Llm, Showing::Log) => Some(Feed::LlmRequests(pane.key.clone())),
            _ => None,
        }
    }

    /// The feed that the view's rows come from.
    pub(crate) fn main_feed(&self) -> Feed {
        match (self.view, self.feed_of_view()) {
            (View::Llm | View::Publishers, _) | (_, None) => Feed::Llms,
            (_, Some(feed)) => feed,
        }
    }
}

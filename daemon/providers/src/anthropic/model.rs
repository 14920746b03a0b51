//! What a model accepts, by its name: each generation of Claude took something away.
//!
//! | from | what changed |
//! |---|---|
//! | 3.7 | thinks, within a budget of tokens |
//! | 4.1 | one of `temperature` and `top_p`, not both |
//! | 4.5 | answers by a JSON schema (`output_config.format`) |
//! | 4.6 | thinks as it sees fit (`adaptive`), guided by `output_config.effort` |
//! | 4.7 | no `temperature`, `top_p`, `top_k`; no budget; effort `xhigh` |
//! | 5 | thinks unless told not to |
//! | 5.5 (Fable and Mythos 5.1) | can't be made to call a tool; Opus can't be told not to think |
//!
//! A Claude without a version counts as the newest. Another name belongs to somebody who speaks
//! the same API: such a server gets what the API knew before 4.1.
//!
//! Source: Anthropic's migration guides (Opus 4.7, Opus 5, Opus 5.5) and the pages on adaptive
//! thinking, effort and structured outputs.

/// What one model accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) thinking: Thinking,
    pub(super) without_thinking: WithoutThinking,
    pub(super) sampling: Sampling,
    /// `output_config.format`.
    pub(super) formats: bool,
    /// `tool_choice` any or tool.
    pub(super) forces_tools: bool,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It can't.
    Never,
    /// By `budget_tokens`.
    Budget,
    /// By `output_config.effort`; `xhigh` is one of the efforts.
    Adaptive { xhigh: bool },
}

/// How a model is told not to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithoutThinking {
    /// By silence.
    Silence,
    /// By `thinking` of this type.
    Type(&'static str),
    /// It always thinks.
    Impossible,
}

/// `temperature`, `top_p` and `top_k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// All of them.
    Free,
    /// One of `temperature` and `top_p`.
    One,
    /// None of them.
    Fixed,
}

type Version = (u32, u32);

impl Traits {
    /// What `model` accepts.
    pub(super) fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let Some((_, name)) = model.split_once("claude") else {
            return Self {
                thinking: Thinking::Budget,
                without_thinking: WithoutThinking::Silence,
                sampling: Sampling::Free,
                formats: false,
                forces_tools: true,
            };
        };
        let version = version(name).unwrap_or((u32::MAX, 0));
        let always_thinks = name.contains("fable") || name.contains("mythos");
        let forced_until = if always_thinks { (5, 1) } else { (5, 5) };
        Self {
            thinking: match version {
                (4, 6) => Thinking::Adaptive { xhigh: false },
                newer if newer > (4, 6) => Thinking::Adaptive { xhigh: true },
                older if older < (3, 7) => Thinking::Never,
                _ => Thinking::Budget,
            },
            without_thinking: without_thinking(name, version),
            sampling: match version {
                newer if newer >= (4, 7) => Sampling::Fixed,
                newer if newer >= (4, 1) => Sampling::One,
                _ => Sampling::Free,
            },
            formats: version >= (4, 5),
            forces_tools: version < forced_until,
        }
    }
}

fn without_thinking(name: &str, version: Version) -> WithoutThinking {
    let newest = version >= (5, 5);
    match name {
        _ if version < (5, 0) => WithoutThinking::Silence,
        _ if name.contains("haiku") => WithoutThinking::Type("disabled"),
        _ if name.contains("sonnet") && newest => WithoutThinking::Type("between_tools"),
        _ if name.contains("sonnet") => WithoutThinking::Type("disabled"),
        _ if name.contains("opus") && !newest => WithoutThinking::Type("disabled"),
        _ => WithoutThinking::Impossible,
    }
}

/// The first number is the major version, one right after it the minor. A date is no version.
fn version(name: &str) -> Option<Version> {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let number = |word: &str| word.parse().ok().filter(|_| word.len() <= 2);
    let major = words.find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_old_and_new_names() {
        let of = |name: &str| version(name.strip_prefix("claude").unwrap());
        assert_eq!(of("claude-2.1"), Some((2, 1)));
        assert_eq!(of("claude-3-haiku-20240307"), Some((3, 0)));
        assert_eq!(of("claude-3-7-sonnet-20250219"), Some((3, 7)));
        assert_eq!(of("claude-sonnet-4-20250514"), Some((4, 0)));
        assert_eq!(of("claude-haiku-4-5-20251001"), Some((4, 5)));
        assert_eq!(of("claude-opus-5-5"), Some((5, 5)));
        assert_eq!(of("claude-opus-latest"), None);
    }

    #[test]
    fn each_generation_is_told_to_think_in_its_own_way() {
        let of = |name: &str| Traits::of(name).thinking;
        assert_eq!(of("claude-3-5-sonnet-20241022"), Thinking::Never);
        assert_eq!(of("claude-3-7-sonnet-20250219"), Thinking::Budget);
        assert_eq!(of("claude-haiku-4-5"), Thinking::Budget);
        assert_eq!(of("claude-opus-4-6"), Thinking::Adaptive { xhigh: false });
        assert_eq!(
            of("anthropic.claude-opus-4-7-v1:0"),
            Thinking::Adaptive { xhigh: true }
        );
        assert_eq!(of("claude-next"), Thinking::Adaptive { xhigh: true });
        assert_eq!(of("deepseek-chat"), Thinking::Budget);
    }

    #[test]
    fn each_generation_is_told_not_to_think_in_its_own_way() {
        let of = |name: &str| Traits::of(name).without_thinking;
        assert_eq!(of("claude-opus-4-8"), WithoutThinking::Silence);
        assert_eq!(of("claude-opus-5"), WithoutThinking::Type("disabled"));
        assert_eq!(of("claude-opus-5-5"), WithoutThinking::Impossible);
        assert_eq!(of("claude-sonnet-5"), WithoutThinking::Type("disabled"));
        assert_eq!(
            of("claude-sonnet-5-5"),
            WithoutThinking::Type("between_tools")
        );
        assert_eq!(of("claude-haiku-5-5"), WithoutThinking::Type("disabled"));
        assert_eq!(of("claude-fable-5"), WithoutThinking::Impossible);
    }

    #[test]
    fn what_was_taken_away_stays_away() {
        let newest = Traits::of("claude-opus-5-5");
        assert_eq!(newest.sampling, Sampling::Fixed);
        assert!(newest.formats && !newest.forces_tools);
        assert!(Traits::of("claude-opus-5").forces_tools);
        assert!(!Traits::of("claude-fable-5-1").forces_tools);
        assert_eq!(Traits::of("claude-opus-4-1").sampling, Sampling::One);
        assert_eq!(Traits::of("claude-sonnet-4-0").sampling, Sampling::Free);
        assert!(!Traits::of("claude-opus-4-1").formats);
    }
}

//! The resource types and how a command line names them: `llm`, `llms`, `llm/x`, `llm,secret`.

use shared::name::Name;

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;

/// A type of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Llm,
    Alias,
    Price,
    Secret,
    Token,
}

impl Resource {
    /// Every type, as `api-resources` lists them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Llm,
        Self::Alias,
        Self::Price,
        Self::Secret,
        Self::Token,
    ];

    /// As in `llm/x`.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Alias => "alias",
            Self::Price => "price",
            Self::Secret => "secret",
            Self::Token => "token",
        }
    }

    /// As in the API's paths.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Llm => "llms",
            Self::Alias => "aliases",
            Self::Price => "prices",
            Self::Secret => "secrets",
            Self::Token => "tokens",
        }
    }

    /// Other words for it.
    pub(crate) const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Llm => &["l", "model", "models"],
            Self::Alias => &["al"],
            Self::Price => &["pr"],
            Self::Secret => &["sec"],
            Self::Token => &["tok"],
        }
    }

    /// The `kind` of its envelope.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Llm => shared::llm::KIND,
            Self::Alias => shared::alias::KIND,
            Self::Price => shared::price::KIND,
            Self::Secret => shared::secret::KIND,
            Self::Token => shared::token::KIND,
        }
    }

    /// The `kind` of a list of them.
    pub(crate) fn kind_of_list(self) -> String {
        format!("{}List", self.kind())
    }

    /// The type that `word` names, in any case.
    pub(crate) fn find(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        Self::ALL.into_iter().find(|resource| {
            resource.singular() == word
                || resource.plural() == word
                || resource.aliases().contains(&word.as_str())
        })
    }

    fn named(word: &str) -> Result<Self> {
        Self::find(word).ok_or_else(|| {
            let known = Self::ALL.map(Self::singular);
            // Jobs are read elsewhere; they are meant all the same.
            let known = known.into_iter().chain(["job", "jobs"]);
            let failure = Failure::usage(format!("there is no resource type `{word}`"));
            match nearest(word, known.chain(Self::ALL.map(Self::plural))) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("`mcpctl api-resources` lists the types"),
            }
        })
    }
}

/// What a command line selects of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) resource: Resource,
    /// Empty where all are meant.
    pub(crate) names: Vec<Name>,
}

/// Reads the words behind a verb: `TYPE`, `TYPE NAME...`, `TYPE,TYPE`, or `TYPE/NAME ...`.
pub(crate) fn select(words: &[String]) -> Result<Vec<Selection>> {
    let Some(first) = words.first() else {
        return Err(Failure::usage("name a resource type, such as `llm`")
            .hint("`mcpctl api-resources` lists the types"));
    };
    if words.iter().any(|word| is_slashed(word)) {
        return select_slashed(words);
    }
    let names = words[1..].iter().map(|word| name(word));
    let names: Vec<Name> = names.collect::<Result<_>>()?;
    let types = first.split(',').map(Resource::named);
    let types: Vec<Resource> = types.collect::<Result<_>>()?;
    if types.len() > 1 && !names.is_empty() {
        return Err(
            Failure::usage("names can't follow several types").hint("write `llm/NAME secret/NAME`")
        );
    }
    let each = types.into_iter().map(|resource| Selection {
        resource,
        names: names.clone(),
    });
    Ok(each.collect())
}

/// The name of a new resource, or of one that is looked for.
pub(crate) fn name(text: &str) -> Result<Name> {
    text.parse()
        .map_err(|why: shared::name::BadName| Failure::usage(why.to_string()))
}

/// A name may hold a `/` itself (`org/model`), so only a known type in front of it counts.
fn is_slashed(word: &str) -> bool {
    let word = word.split_once('/');
    word.is_some_and(|(resource, _)| Resource::find(resource).is_some())
}

fn select_slashed(words: &[String]) -> Result<Vec<Selection>> {
    if let Some(resource) = Resource::find(&words[0]) {
        // `get llm org/model`: the slash belongs to the name.
        let names = words[1..].iter().map(|word| name(word));
        let names = names.collect::<Result<_>>()?;
        return Ok(vec![Selection { resource, names }]);
    }
    let mut selections: Vec<Selection> = Vec::new();
    for word in words {
        let (resource, rest) = word.split_once('/').ok_or_else(|| {
            Failure::new(Exit::Usage, format!("`{word}` is not written TYPE/NAME"))
                .hint("when one is written `llm/NAME`, all must be")
        })?;
        let (resource, name) = (Resource::named(resource)?, name(rest)?);
        match selections.iter_mut().find(|s| s.resource == resource) {
            Some(selection) => selection.names.push(name),
            None => selections.push(Selection {
                resource,
                names: vec![name],
            }),
        }
    }
    Ok(selections)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        match select(&words) {
            Ok(selections) => {
                let each = selections.iter().map(|s| {
                    let names: Vec<_> = s.names.iter().map(Name::as_str).collect();
                    format!("{}[{}]", s.resource.singular(), names.join(" "))
                });
                each.collect::<Vec<_>>().join(" ")
            }
            Err(failure) => format!("{:?}", failure.lines()),
        }
    }

    #[test]
    fn every_way_to_name_resources_is_understood() {
        for word in ["llm", "llms", "LLM", "l", "models"] {
            assert_eq!(selected(word), "llm[]");
        }
        assert_eq!(selected("llm a b"), "llm[a b]");
        assert_eq!(selected("llm/a llm/b secret/c"), "llm[a b] secret[c]");
        assert_eq!(selected("llm,sec,tok"), "llm[] secret[] token[]");
        assert_eq!(selected("al,pr"), "alias[] price[]");
        assert_eq!(
            selected("prices/gpt-4o aliases/smart"),
            "price[gpt-4o] alias[smart]"
        );
        assert_eq!(selected("llm org/model"), "llm[org/model]");
        assert_eq!(selected("llm/org/model"), "llm[org/model]");
    }

    #[test]
    fn a_wrong_word_is_met_with_the_nearest_right_one() {
        assert!(selected("llsm").contains("did you mean `llm`?"));
        assert!(selected("pods").contains("api-resources"));
        assert!(selected("llm,secret x").contains("several types"));
        assert!(selected("llm/a b").contains("TYPE/NAME"));
        assert!(selected("").contains("name a resource type"));
    }
}

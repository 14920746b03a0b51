//! The resource types and how a command line names them: `llm`, `llms`, `llm/x`, `llm,job`.

use serde_json::Value;
use shared::job::JobId;
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
    /// Has `/v1`'s own body: an id in place of a name, and no envelope.
    Job,
}

impl Resource {
    /// Every type, as `api-resources` lists them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Llm,
        Self::Alias,
        Self::Price,
        Self::Secret,
        Self::Token,
        Self::Job,
    ];

    /// Those that `all` stands for: what is used, and no credentials.
    const OF_ALL: [Self; 4] = [Self::Llm, Self::Alias, Self::Price, Self::Job];

    /// As in `llm/x`.
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Alias => "alias",
            Self::Price => "price",
            Self::Secret => "secret",
            Self::Token => "token",
            Self::Job => "job",
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
            Self::Job => "jobs",
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
            Self::Job => &["j"],
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
            Self::Job => "Job",
        }
    }

    /// The API that its documents are of.
    pub(crate) const fn api_version(self) -> &'static str {
        match self {
            Self::Job => "v1",
            _ => shared::API_VERSION,
        }
    }

    /// The field in which a list of them has its items.
    pub(crate) const fn items(self) -> &'static str {
        match self {
            Self::Job => "jobs",
            _ => "items",
        }
    }

    /// The name or id of one of its documents; empty where it has none.
    pub(crate) fn name_in(self, document: &Value) -> &str {
        let name = match self {
            Self::Job => document.get("id"),
            _ => document.pointer("/metadata/name"),
        };
        name.and_then(Value::as_str).unwrap_or_default()
    }

    /// A label of one of its documents.
    pub(crate) fn label<'d>(self, document: &'d Value, key: &str) -> Option<&'d str> {
        let labels = match self {
            Self::Job => document.get("labels"),
            _ => document.pointer("/metadata/labels"),
        };
        labels?.get(key)?.as_str()
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

    /// The same.
    ///
    /// Errors: a usage failure that offers the nearest type.
    pub(crate) fn named(word: &str) -> Result<Self> {
        Self::find(word).ok_or_else(|| {
            let known = Self::ALL.map(Self::singular).into_iter();
            let failure = Failure::usage(format!("there is no resource type `{word}`"));
            match nearest(word, known.chain(Self::ALL.map(Self::plural))) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("`mcpctl api-resources` lists the types"),
            }
        })
    }
}

/// Stands for several types, as it does for `kubectl`.
const EVERYTHING: &str = "all";

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
    let mut types: Vec<Resource> = Vec::new();
    for word in first.split(',') {
        let named = match word.to_lowercase().as_str() {
            EVERYTHING => Resource::OF_ALL.to_vec(),
            word => vec![Resource::named(word)?],
        };
        for resource in named {
            if !types.contains(&resource) {
                types.push(resource);
            }
        }
    }
    if types.len() > 1 && words.len() > 1 {
        return Err(
            Failure::usage("names can't follow several types").hint("write `llm/NAME secret/NAME`")
        );
    }
    let each = types.into_iter().map(|resource| Selection {
        resource,
        names: Vec::new(),
    });
    let mut selections: Vec<_> = each.collect();
    for word in &words[1..] {
        selections[0].add(word)?;
    }
    Ok(selections)
}

impl Selection {
    /// Takes one more in. One that is named twice is taken once.
    fn add(&mut self, word: &str) -> Result<()> {
        let name = match self.resource {
            // What is an id is a name too.
            Resource::Job => name(job_id(word)?.as_str())?,
            _ => name(word)?,
        };
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        Ok(())
    }
}

/// A job's id, also as `job/ID`.
///
/// Errors: not found; a text that is no id names no job.
pub(crate) fn job_id(word: &str) -> Result<JobId> {
    let bare = match word.split_once('/') {
        Some((kind, id)) if Resource::find(kind) == Some(Resource::Job) => id,
        _ => word,
    };
    bare.parse().map_err(|why: shared::job::BadId| {
        Failure::new(Exit::NotFound, format!("there is no job `{bare}`"))
            .caused_by(&why)
            .hint("`mcpctl get jobs` lists what there is")
    })
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
        let names = Vec::new();
        let mut selection = Selection { resource, names };
        for word in &words[1..] {
            selection.add(word)?;
        }
        return Ok(vec![selection]);
    }
    let mut selections: Vec<Selection> = Vec::new();
    for word in words {
        let (resource, rest) = word.split_once('/').ok_or_else(|| {
            Failure::new(Exit::Usage, format!("`{word}` is not written TYPE/NAME"))
                .hint("when one is written `llm/NAME`, all must be")
        })?;
        let resource = Resource::named(resource)?;
        let at = selections.iter().position(|s| s.resource == resource);
        let at = at.unwrap_or_else(|| {
            let names = Vec::new();
            selections.push(Selection { resource, names });
            selections.len() - 1
        });
        selections[at].add(rest)?;
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
        assert_eq!(selected("llm,llms a"), "llm[a]");
        assert_eq!(selected("llm a a"), "llm[a]");
        assert_eq!(selected("all"), "llm[] alias[] price[] job[]");
        assert!(selected("all x").contains("several types"));
    }

    #[test]
    fn jobs_are_named_by_their_ids_and_stand_beside_the_others() {
        const ID: &str = "019aa5c3-1b7d-7f00-8000-000000000001";
        assert_eq!(selected("llm,j"), "llm[] job[]");
        let one = format!("job[{ID}]");
        for line in [
            format!("job {ID}"),
            format!("jobs/{ID} j/{ID}"),
            format!("job job/{ID}"),
        ] {
            assert_eq!(selected(&line), one, "{line}");
        }
        let mixed = format!("llm/a job/{ID} llm/b");
        assert_eq!(selected(&mixed), format!("llm[a b] {one}"));
        assert!(selected("job 7").contains("there is no job `7`"));
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

//! Conversations that are kept: files of the user's folder, or wherever a path points.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use home::{Home, write_private};
use serde_json::Value;

use super::attachment::expanded;
use super::conversation::{Conversation, Speaker, Turn};
use crate::clock::now;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::output::columns::ago;

/// The folder, below the user's.
const FOLDER: &str = "conversations";
/// What `--continue` goes on with. No name that can be typed.
const LAST: &str = ".last";
/// The largest file that is read, in bytes: a long conversation with many images.
const MAX_BYTES: u64 = 256 << 20;
/// The longest name.
const MAX_NAME_CHARS: usize = 64;
/// Words of the first question that make a name.
const NAME_WORDS: usize = 6;

/// Where conversations are kept.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    dir: PathBuf,
}

/// A kept conversation, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) model: String,
    pub(super) age: String,
    pub(super) questions: usize,
    pub(super) first: String,
    at: String,
}

impl Saved {
    pub(super) fn of(home: &Home) -> Self {
        Self {
            dir: home.dir().join(FOLDER),
        }
    }

    /// Keeps a conversation under `name`, or at the path that it is; where that is.
    pub(super) fn save(&self, name: &str, talk: &Conversation, model: &str) -> Result<()> {
        let path = self.path(name)?;
        let failed = |why| Failure::failed(format!("can't save {name}")).caused_by(&why);
        write_private(&path, &bytes(talk, model)).map_err(failed)
    }

    /// Keeps it as the last one. That it can't is no reason to stop talking.
    pub(super) fn keep_last(&self, talk: &Conversation, model: &str) {
        let _ = write_private(&self.file(LAST), &bytes(talk, model));
    }

    /// The one that was talked in last.
    pub(super) fn last(&self) -> Result<Conversation> {
        let none = || {
            let why = "there is no conversation to continue";
            Failure::new(Exit::NotFound, why).hint("leave --continue out to begin one")
        };
        self.open(&self.file(LAST), "the last conversation", none)
    }

    /// The one called `name`, or at the path that it is.
    pub(super) fn load(&self, name: &str) -> Result<Conversation> {
        let path = self.path(name)?;
        self.open(&path, name, || self.unknown(name))
    }

    fn open(&self, path: &Path, what: &str, none: impl Fn() -> Failure) -> Result<Conversation> {
        let failed = || Failure::failed(format!("can't load {what}"));
        let bytes = read(path).map_err(|why| failed().caused_by(&why))?;
        let bytes = bytes.ok_or_else(none)?;
        let file: Value = serde_json::from_slice(&bytes).map_err(|why| failed().caused_by(&why))?;
        Conversation::from_file(&file).map_err(|why| failed().cause(why))
    }

    /// Deletes the one called `name`. A file elsewhere is not ours to delete.
    pub(super) fn delete(&self, name: &str) -> Result<()> {
        let name = checked(name)?;
        match std::fs::remove_file(self.file(name)) {
            Ok(()) => Ok(()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Err(self.unknown(name)),
            Err(why) => Err(Failure::failed(format!("can't delete {name}")).caused_by(&why)),
        }
    }

    /// The names, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut names: Vec<String> = files
            .filter_map(|file| {
                let name = file.file_name().into_string().ok()?;
                let name = name.strip_suffix(".json")?;
                checked(name).ok().map(str::to_owned)
            })
            .collect();
        names.sort();
        names
    }

    /// All that are kept, the newest first.
    pub(super) fn list(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.names().into_iter().map(|n| self.entry(n)).collect();
        entries.sort_by(|a, b| b.at.cmp(&a.at));
        entries
    }

    fn entry(&self, name: String) -> Entry {
        let bytes = read(&self.file(&name)).ok().flatten().unwrap_or_default();
        let file: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |field| file.get(field).and_then(Value::as_str).unwrap_or_default();
        let at = text("savedAt").to_owned();
        let (questions, first) = match Conversation::from_file(&file) {
            Ok(talk) => {
                let asked = |turn: &&Turn| turn.speaker == Speaker::User;
                let first = talk.turns.iter().find(asked);
                let line = first.and_then(|turn| turn.text.lines().next());
                let line = line.unwrap_or_default().to_owned();
                (talk.turns.iter().filter(asked).count(), line)
            }
            Err(why) => (0, format!("({why})")),
        };
        Entry {
            name,
            model: text("model").to_owned(),
            age: ago(file.get("savedAt"), now()).unwrap_or_default(),
            questions,
            first,
            at,
        }
    }

    /// A name for a conversation that was given none: the words it begins with.
    pub(super) fn free_name(&self, talk: &Conversation) -> String {
        let first = talk.turns.first().map_or("", |turn| turn.text.as_str());
        let words = first
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let words: Vec<String> = words.take(NAME_WORDS).map(str::to_lowercase).collect();
        let mut name: String = words.join("-").chars().take(MAX_NAME_CHARS - 4).collect();
        if name.is_empty() {
            name.push_str("conversation");
        }
        let names = self.names();
        let numbered = (2..1000).map(|number| format!("{name}-{number}"));
        let mut all = std::iter::once(name.clone()).chain(numbered);
        all.find(|name| !names.contains(name)).unwrap_or(name)
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        if is_path(name) {
            return Ok(expanded(name));
        }
        checked(name).map(|name| self.file(name))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }

    fn unknown(&self, name: &str) -> Failure {
        let why = format!("there is no conversation `{name}`");
        let names = self.names();
        let failure = Failure::new(Exit::NotFound, why);
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`/list` lists what is kept"),
        }
    }
}

/// Reads a file; `None` where there is none.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn bytes(talk: &Conversation, model: &str) -> Vec<u8> {
    format!("{:#}\n", talk.to_file(model, &now().to_string())).into_bytes()
}

/// Whether a name is a path: it says where, or that it is a file.
fn is_path(name: &str) -> bool {
    name.contains('/') || name.starts_with('~') || name.ends_with(".json")
}

fn checked(name: &str) -> Result<&str> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = name.chars().all(fits) && !name.starts_with('.') && !name.is_empty();
    if plain && name.chars().count() <= MAX_NAME_CHARS {
        Ok(name)
    } else {
        let failure = Failure::usage(format!("`{name}` is no name for a conversation"));
        Err(failure.hint("take letters, digits, `-`, `_` and `.`, or a path"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::conversation::Question;
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        assert!(is_path("a/b") && is_path("~/x") && is_path("talk.json"));
        assert!(!is_path("talk") && !is_path("v1.2"));
        assert!(checked("talk").is_ok() && checked("über-uns").is_ok());
        assert!(checked(".last").is_err() && checked("a b").is_err() && checked("").is_err());
        assert!(checked(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_free_name_is_made_of_the_first_words() {
        let saved = Saved::of(&Home::at("/nowhere"));
        let mut talk = Conversation::default();
        assert_eq!(saved.free_name(&talk), "conversation");
        let text = "Why is the sky blue, and not green?".into();
        talk.ask(Question {
            text,
            files: Vec::new(),
        });
        assert_eq!(saved.free_name(&talk), "why-is-the-sky-blue-and");
    }
}

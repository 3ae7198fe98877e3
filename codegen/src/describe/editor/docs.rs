//! The documentation of keys and words, as Markdown.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::describe::reference::{Examples, aliases, capital, is_remark, kind, words};
use crate::grammar::{AnyKey, Word};

/// The examples of all keys, which are parsed once.
static EXAMPLES: LazyLock<Examples> = LazyLock::new(Examples::read);

/// What a key means, its type, its default, and an example.
pub(super) fn key(key: &dyn AnyKey, owner: &str) -> String {
    let mut text = format!("**`{}`**: {}", key.name, type_of(key));
    let default = key.default();
    match default.as_str() {
        _ if key.required => text.push_str(", required"),
        "" => {}
        remark if is_remark(remark) => {
            let _ = write!(text, ", default: {remark}");
        }
        value => {
            let _ = write!(text, ", default: `{value}`");
        }
    }
    let _ = write!(
        text,
        "\n\n{}{}{}.",
        capital(key.meaning),
        words(&key.shape),
        aliases(key.aliases)
    );
    if let Some(example) = example(key, owner) {
        let _ = write!(text, "\n\n```yaml\n{example}\n```");
    }
    text
}

/// An entry of a spec with this key.
pub(super) fn example(key: &dyn AnyKey, owner: &str) -> Option<String> {
    if !key.example.is_empty() {
        return Some(format!("{}: {}", key.name, key.example));
    }
    // A key that all members share has its example at the family.
    let family = owner.split(' ').next().unwrap_or_default();
    EXAMPLES
        .of(owner, key.facts().name)
        .or_else(|| EXAMPLES.of(family, key.facts().name))
}

/// What the value of a key is, in a few words.
pub(super) fn type_of(key: &dyn AnyKey) -> String {
    plain(&kind(&key.shape))
}

/// What a word means.
pub(super) fn word(word: &Word) -> String {
    format!(
        "**`{}`**\n\n{}{}.",
        word.name,
        capital(word.meaning),
        aliases(word.aliases)
    )
}

/// Markdown of the reference without its links and emphasis.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        let (title, target) = after.split_once("](").unwrap_or((after, ""));
        plain.push_str(title);
        rest = target.split_once(')').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain.replace('*', "")
}

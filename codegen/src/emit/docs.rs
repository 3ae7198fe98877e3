//! Documentation of what is emitted: the spec's own words, made safe for rustdoc, and ours.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// Doc comments of one item, a line each.
#[derive(Default)]
pub(super) struct Docs(Vec<String>);

impl Docs {
    /// A paragraph of ours, a line each. It is Markdown already.
    pub(super) fn ours(mut self, lines: &[&str]) -> Self {
        self.separate();
        for line in lines {
            self.0.push((*line).to_owned());
        }
        self
    }

    /// What the spec says of the item, if anything.
    pub(super) fn theirs(mut self, description: Option<&str>) -> Self {
        if let Some(text) = description.map(escape).filter(|text| !text.is_empty()) {
            self.separate();
            self.0.extend(text.lines().map(str::to_owned));
        }
        self
    }

    /// What the spec says of the item and then, in the same line where there is but one, a remark.
    pub(super) fn with_remark(description: Option<&str>, remark: &str) -> Self {
        let docs = Self::default().theirs(description);
        match docs.0.as_slice() {
            [line] => Self(vec![format!("{} {remark}", sentence(line))]),
            _ => docs.ours(&[remark]),
        }
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(String::new());
        }
    }
}

impl ToTokens for Docs {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for line in &self.0 {
            // The space that stands after `///`.
            let line = if line.is_empty() {
                String::new()
            } else {
                format!(" {line}")
            };
            tokens.extend(quote!(#[doc = #line]));
        }
    }
}

/// A name as a code span.
pub(super) fn code(name: &str) -> String {
    let name: String = name.chars().filter(|c| is_shown(*c)).collect();
    if name.contains('`') {
        format!("`` {name} ``")
    } else {
        format!("`{name}`")
    }
}

/// The text with a full stop, unless it ends a sentence already.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// A user's text as Markdown that rustdoc takes as text: no link, no HTML, no code block, which would
/// be run as a test. Emphasis and code spans stay.
fn escape(text: &str) -> String {
    let lines: Vec<String> = text.trim().lines().map(escape_line).collect();
    lines.join("\n")
}

fn escape_line(line: &str) -> String {
    // Without indentation, which would make code of it.
    let line: String = line.trim().chars().filter(|c| is_shown(*c)).collect();
    let pieces: Vec<&str> = line.split('`').collect();
    let balanced = pieces.len() % 2 == 1 && !line.contains("``");
    let tick = if balanced { "`" } else { "\\`" };
    let pieces = pieces.iter().enumerate().map(|(at, piece)| {
        if balanced && at % 2 == 1 {
            (*piece).to_owned()
        } else {
            escape_prose(piece)
        }
    });
    pieces.collect::<Vec<_>>().join(tick)
}

fn escape_prose(text: &str) -> String {
    text.split(' ')
        .map(escape_word)
        .collect::<Vec<_>>()
        .join(" ")
}

fn escape_word(word: &str) -> String {
    if is_url(word) {
        let end = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        return format!("<{end}>{}", &word[end.len()..]);
    }
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, '\\' | '[' | ']' | '<' | '>' | '~') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A bare URL, which rustdoc asks to be made a link.
fn is_url(word: &str) -> bool {
    (word.starts_with("https://") || word.starts_with("http://"))
        && !word.contains(['<', '>', '\\', '[', ']'])
}

/// Not a control, and none of those that change the direction of text: rustc denies them in comments.
fn is_shown(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{Docs, code, escape};
    use quote::ToTokens;

    fn lines(docs: Docs) -> Vec<String> {
        docs.0
    }

    #[test]
    fn brackets_are_no_links_and_no_html() {
        assert_eq!(escape("a [link] of Vec<T>"), r"a \[link\] of Vec\<T\>");
        assert_eq!(escape(r"C:\[x]"), r"C:\\\[x\]");
    }

    #[test]
    fn code_spans_stay_as_they_are() {
        assert_eq!(escape("of `Vec<T>` [x]"), r"of `Vec<T>` \[x\]");
    }

    #[test]
    fn a_lone_backtick_opens_nothing() {
        assert_eq!(escape("a ` and <b>"), r"a \` and \<b\>");
    }

    #[test]
    fn no_line_becomes_a_block_of_code() {
        assert_eq!(
            escape("see:\n\n        fn main() {}"),
            "see:\n\nfn main() {}"
        );
        assert_eq!(escape("```\nloop {}\n```"), "\\`\\`\\`\nloop {}\n\\`\\`\\`");
        assert_eq!(escape("~~~\nx"), "\\~\\~\\~\nx");
    }

    #[test]
    fn a_bare_url_becomes_a_link() {
        assert_eq!(
            escape("see https://example.com/a_b, or not"),
            "see <https://example.com/a_b>, or not"
        );
    }

    #[test]
    fn text_that_turns_round_is_left_out() {
        assert_eq!(escape("a\u{202e}b\u{7}"), "ab");
        assert_eq!(code("a\u{2066}b"), "`ab`");
    }

    #[test]
    fn a_remark_joins_a_line_and_follows_a_paragraph() {
        assert_eq!(lines(Docs::with_remark(None, "Nullable.")), ["Nullable."]);
        assert_eq!(
            lines(Docs::with_remark(Some("How many"), "Nullable.")),
            ["How many. Nullable."]
        );
        assert_eq!(
            lines(Docs::with_remark(Some("How many,\nand why."), "Nullable.")),
            ["How many,", "and why.", "", "Nullable."]
        );
    }

    #[test]
    fn lines_are_doc_attributes() {
        let tokens = Docs::default()
            .ours(&["One."])
            .theirs(Some("Two\nthree"))
            .into_token_stream();
        assert_eq!(
            tokens.to_string(),
            r#"# [doc = " One."] # [doc = ""] # [doc = " Two"] # [doc = " three"]"#
        );
    }
}

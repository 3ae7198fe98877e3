//! The words of a command line, as `sh` and `bash` read them. Nothing is expanded or executed.

/// What stands around the name of a variable in a word.
pub(super) const VARIABLE: (char, char) = ('\u{e000}', '\u{e001}');
/// What stands between the name of a variable and its default.
pub(super) const DEFAULT: char = '\u{e002}';

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The byte at which it begins.
    pub at: usize,
    pub text: String,
}

/// A quote without its end, or a part that would have to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WordError {
    pub at: usize,
    pub message: &'static str,
}

/// The words up to the end of the first command, and the place of what follows it.
pub(super) fn words(text: &str) -> Result<(Vec<Word>, Option<usize>), WordError> {
    let mut reader = Reader {
        text,
        at: 0,
        word: None,
        words: Vec::new(),
    };
    let rest = reader.read()?;
    Ok((reader.words, rest))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    word: Option<Word>,
    words: Vec<Word>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Whether nothing but spaces follows in the line.
    fn ends_line(&self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t', '\r']);
        rest.is_empty() || rest.starts_with('\n')
    }

    fn push(&mut self, at: usize, c: char) {
        let is_mark = [VARIABLE.0, VARIABLE.1, DEFAULT].contains(&c);
        self.word(at)
            .text
            .push(if is_mark { '\u{fffd}' } else { c });
    }

    fn word(&mut self, at: usize) -> &mut Word {
        self.word.get_or_insert(Word {
            at,
            text: String::new(),
        })
    }

    fn end(&mut self) {
        self.words.extend(self.word.take());
    }

    fn read(&mut self) -> Result<Option<usize>, WordError> {
        loop {
            let at = self.at;
            let Some(c) = self.bump() else {
                self.end();
                return Ok(None);
            };
            match c {
                // A continuation of the line, also of one that ends by spaces, as copied pages have it.
                '\\' if self
                    .rest()
                    .trim_start_matches([' ', '\t', '\r'])
                    .starts_with('\n') =>
                {
                    while self.bump().is_some_and(|c| c != '\n') {}
                }
                // `^` continues a line of Windows, and a backtick one of PowerShell.
                '^' | '`' if self.word.is_none() && self.ends_line() => {
                    while self.bump().is_some_and(|c| c != '\n') {}
                }
                '\\' => {
                    if let Some(escaped) = self.bump() {
                        self.push(at, escaped);
                    }
                }
                '\'' => self.single(at)?,
                '"' => self.double(at)?,
                '$' if self.rest().starts_with('\'') => {
                    self.bump();
                    self.ansi(at)?;
                }
                '$' => self.variable(at)?,
                '`' => return Err(executed(at)),
                '#' if self.word.is_none() => while self.bump().is_some_and(|c| c != '\n') {},
                '\n' | ';' | '|' | '&' | '>' | '<' => {
                    self.end();
                    let is_blank =
                        c == '\n' && (self.words.is_empty() || self.rest().trim().is_empty());
                    if is_blank || c == '\n' && self.rest().trim_start().starts_with('-') {
                        // An option on the next line, whose continuation was lost.
                        continue;
                    }
                    return Ok(Some(at));
                }
                c if c.is_whitespace() => self.end(),
                c => self.push(at, c),
            }
        }
    }

    fn single(&mut self, start: usize) -> Result<(), WordError> {
        self.word(start);
        loop {
            match self.bump() {
                Some('\'') => return Ok(()),
                Some(c) => self.push(start, c),
                None => return Err(unclosed(start)),
            }
        }
    }

    fn double(&mut self, start: usize) -> Result<(), WordError> {
        self.word(start);
        loop {
            let at = self.at;
            match self.bump() {
                Some('"') => return Ok(()),
                Some('\\') => match self.bump() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.push(start, c),
                    Some('\n') => {}
                    Some(c) => {
                        self.push(start, '\\');
                        self.push(start, c);
                    }
                    None => return Err(unclosed(start)),
                },
                Some('$') => self.variable(at)?,
                Some('`') => return Err(executed(at)),
                Some(c) => self.push(start, c),
                None => return Err(unclosed(start)),
            }
        }
    }

    /// `$'…'`, with the escapes of C.
    fn ansi(&mut self, start: usize) -> Result<(), WordError> {
        self.word(start);
        loop {
            let c = match self.bump() {
                Some('\'') => return Ok(()),
                Some('\\') => self.escape().ok_or_else(|| unclosed(start))?,
                Some(c) => c,
                None => return Err(unclosed(start)),
            };
            self.push(start, c);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let c = self.bump()?;
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' => return Some('\n'),
            't' => return Some('\t'),
            'r' => return Some('\r'),
            'a' => return Some('\u{7}'),
            'b' => return Some('\u{8}'),
            'e' | 'E' => return Some('\u{1b}'),
            'f' => return Some('\u{c}'),
            'v' => return Some('\u{b}'),
            '0' => return Some('\0'),
            other => return Some(other),
        };
        let length = self
            .rest()
            .bytes()
            .take(digits)
            .take_while(u8::is_ascii_hexdigit)
            .count();
        let code = u32::from_str_radix(&self.rest()[..length], 16).ok();
        self.at += length;
        Some(code.and_then(char::from_u32).unwrap_or('\u{fffd}'))
    }

    /// A variable of the shell, which stands for itself.
    fn variable(&mut self, at: usize) -> Result<(), WordError> {
        let rest = self.rest();
        if rest.starts_with('(') {
            return Err(executed(at));
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, length) = if let Some(inner) = rest.strip_prefix('{') {
            let length = inner.find('}').ok_or_else(|| unclosed(at))?;
            let inner = &inner[..length];
            let end = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
            let (name, rest) = inner.split_at(end);
            let mut name = name.to_owned();
            let default = [":-", "-", ":=", "="]
                .iter()
                .find_map(|mark| rest.strip_prefix(mark));
            // One that is itself made of variables is none.
            if let Some(default) = default.filter(|text| !name.is_empty() && !text.contains('$')) {
                name.push(DEFAULT);
                let is_mark = |c| [VARIABLE.0, VARIABLE.1, DEFAULT].contains(&c);
                name.extend(default.chars().filter(|c| !is_mark(*c)));
            }
            (name, length + 2)
        } else {
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            (rest[..length].to_owned(), length)
        };
        self.at += length;
        let word = self.word(at);
        if name.is_empty() {
            word.text.push('$');
        } else {
            word.text.push(VARIABLE.0);
            word.text.push_str(&name);
            word.text.push(VARIABLE.1);
        }
        Ok(())
    }
}

fn unclosed(at: usize) -> WordError {
    WordError {
        at,
        message: "this quote is not closed",
    }
}

fn executed(at: usize) -> WordError {
    WordError {
        at,
        message: "a command within the command, which is not executed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let words = words(text).unwrap().0;
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_and_continuations_are_those_of_sh() {
        assert_eq!(
            texts(r#"a 'b c' "d \"e\" \n" f\ g"#),
            ["a", "b c", "d \"e\" \\n", "f g"]
        );
        assert_eq!(texts("a \\\n  -b \\ \n 'c'd\"e\""), ["a", "-b", "cde"]);
        assert_eq!(texts("$'a\\n\\u0041\\'b' '' \"\""), ["a\nA'b", "", ""]);
        assert_eq!(
            texts("a \"x $TOKEN ${B:-c} $5 $\""),
            [
                "a",
                "x \u{e000}TOKEN\u{e001} \u{e000}B\u{e002}c\u{e001} \u{e000}5\u{e001} $"
            ]
        );
        assert_eq!(texts("a # b\n"), ["a"]);
        assert_eq!(texts("a ^\r\n -b `\n c^d ^"), ["a", "-b", "c^d"]);
        assert_eq!(texts("a\n-b c"), ["a", "-b", "c"]);
    }

    #[test]
    fn what_follows_the_command_is_left() {
        assert_eq!(words("curl x | jq .").unwrap().1, Some(7));
        assert_eq!(words("curl x\ncurl y").unwrap().1, Some(6));
    }

    #[test]
    fn what_is_executed_or_open_is_an_error() {
        for text in [
            "a 'b",
            "a \"b",
            "a $'b",
            "a `b`",
            "a $(b)",
            "a \"$(b)\"",
            "a ${b",
        ] {
            assert!(words(text).is_err(), "{text}");
        }
    }
}

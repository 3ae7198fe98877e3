//! The words of a JSONPath.

/// How deep filters may stand in filters.
const DEPTH: usize = 16;

/// What is left to read of a JSONPath.
pub(super) struct Reader<'t> {
    rest: &'t str,
    is_bare: bool,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// In a bare path `-` may stand in a name.
    pub(super) fn new(text: &'t str, is_bare: bool) -> Self {
        Self {
            rest: text,
            is_bare,
            depth: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Goes one level deeper, if that is allowed.
    pub(super) fn descend(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("its filters are nested more than {DEPTH} deep"));
        }
        Ok(())
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) {
            return Ok(());
        }
        Err(match self.rest.chars().next() {
            Some(found) => format!("expected `{token}`, not `{found}`"),
            None => format!("it ends where `{token}` is expected"),
        })
    }

    /// A name without quotes.
    pub(super) fn name(&mut self) -> Result<String, String> {
        let is_bare = self.is_bare;
        let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let name = self.run(|c| is_first(c) || c.is_ascii_digit() || (is_bare && c == '-'));
        if name.starts_with(is_first) {
            return Ok(name.to_owned());
        }
        Err(match name.chars().chain(self.rest.chars()).next() {
            None | Some('.') => "a name is missing".to_owned(),
            Some(found) => {
                format!("no name begins with `{found}`; such a key stands in brackets and quotes")
            }
        })
    }

    /// The characters up to the first that is not such a one.
    pub(super) fn run(&mut self, is_one: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !is_one(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// A whole number, if one is there: without leading zeros, and no `-0`.
    pub(super) fn integer(&mut self) -> Result<Option<i32>, String> {
        let sign = if self.take("-") { "-" } else { "" };
        let digits = self.run(|c| c.is_ascii_digit());
        if digits.is_empty() && sign.is_empty() {
            return Ok(None);
        }
        let is_canonical = digits == "0" && sign.is_empty()
            || digits.starts_with(|c: char| ('1'..='9').contains(&c));
        let number = format!("{sign}{digits}");
        match number.parse() {
            Ok(index) if is_canonical => Ok(Some(index)),
            _ => Err(format!("`{number}` is no index")),
        }
    }

    /// A text in quotes of either kind.
    pub(super) fn quoted(&mut self) -> Result<String, String> {
        let mut chars = self.rest.char_indices();
        let quote = chars.next().map_or('\'', |(_, quote)| quote);
        let mut text = String::new();
        let mut high: Option<u32> = None;
        while let Some((at, c)) = chars.next() {
            let c = match c {
                c if c == quote => {
                    self.rest = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
                    return match high {
                        None => Ok(text),
                        Some(_) => {
                            Err("half of a surrogate pair stands in a quoted key".to_owned())
                        }
                    };
                }
                '\\' => {
                    let after = self.rest.get(at + 1..).unwrap_or_default();
                    let (escaped, length) = escape(after, quote, &mut high)?;
                    for _ in 0..length {
                        chars.next();
                    }
                    match escaped {
                        Some(c) => c,
                        None => continue,
                    }
                }
                c if c < ' ' => {
                    return Err("a control character stands in a quoted key".to_owned());
                }
                c => c,
            };
            if high.is_some() {
                return Err("half of a surrogate pair stands in a quoted key".to_owned());
            }
            text.push(c);
        }
        Err("a quote is never closed".to_owned())
    }
}

/// What follows a backslash: its character, none for the first half of a surrogate pair, and how
/// many characters it takes.
fn escape(
    after: &str,
    quote: char,
    high: &mut Option<u32>,
) -> Result<(Option<char>, usize), String> {
    let unknown = || "an unknown escape stands in a quoted key".to_owned();
    let c = after.chars().next().ok_or_else(unknown)?;
    let simple = match c {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '\\' | '/' => c,
        c if c == quote => c,
        'u' => {
            let digits = after.get(1..5).ok_or_else(unknown)?;
            let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
            let unit = u32::from_str_radix(digits, 16).map_err(|_| unknown())?;
            if !is_hex {
                return Err(unknown());
            }
            return surrogates(unit, high).map(|c| (c, 5));
        }
        _ => return Err(unknown()),
    };
    Ok((Some(simple), 1))
}

/// The character of a UTF-16 unit, with the half that came before.
fn surrogates(unit: u32, high: &mut Option<u32>) -> Result<Option<char>, String> {
    let lone = || "half of a surrogate pair stands in a quoted key".to_owned();
    match (high.take(), unit) {
        (None, 0xd800..=0xdbff) => {
            *high = Some(unit);
            Ok(None)
        }
        (Some(first), 0xdc00..=0xdfff) => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (unit - 0xdc00);
            char::from_u32(code).map(Some).ok_or_else(lone)
        }
        (None, unit) => char::from_u32(unit).map(Some).ok_or_else(lone),
        (Some(_), _) => Err(lone()),
    }
}

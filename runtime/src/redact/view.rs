//! Views of a text: what it says once its escapes, its base64 or its hex are decoded.

/// How many times escapes are decoded: JSON within JSON within a URL is three.
const LEVELS: usize = 4;

/// A part of a text: from where to where.
pub(super) type Span = (usize, usize);

/// The bytes that a text decodes to, each with the part of the text that it came from.
#[derive(Clone)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// From where to where in the text.
    spans: Vec<Span>,
}

impl View {
    /// A text as it is.
    pub(super) fn of(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            spans: (0..text.len()).map(|at| (at, at + 1)).collect(),
        }
    }

    fn empty() -> Self {
        Self {
            bytes: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// The part of the text that these bytes came from.
    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        let start = self.spans.get(from).map_or(usize::MAX, |span| span.0);
        let end = self.spans[..to].last().map_or(0, |span| span.1);
        (start, end)
    }

    fn push(&mut self, byte: u8, span: Span) {
        self.bytes.push(byte);
        self.spans.push(span);
    }

    /// Calls this with all views of the text: with its escapes decoded, and base64 or hex within each other
    /// up to so many times.
    pub(super) fn visit(self, nested: usize, call: &mut impl FnMut(&Self)) {
        for level in self.levels() {
            call(&level);
            if nested > 0 {
                let decoded = level.base64_decoded().chain(level.hex_decoded());
                for view in decoded.filter(|view| !view.bytes.is_empty()) {
                    view.visit(nested - 1, call);
                }
            }
        }
    }

    /// This view, and those of its escapes decoded once, twice, and so on.
    pub(super) fn levels(self) -> Vec<Self> {
        let mut levels = vec![self];
        while levels.len() < LEVELS {
            match levels.last().and_then(Self::unescaped) {
                Some(next) => levels.push(next),
                None => break,
            }
        }
        levels
    }

    /// The escapes of JSON, URLs and HTML decoded once; nothing where there are none.
    fn unescaped(&self) -> Option<Self> {
        if !self
            .bytes
            .iter()
            .any(|byte| matches!(byte, b'\\' | b'%' | b'&'))
        {
            return None;
        }
        let mut decoded = Self::empty();
        let (mut at, mut found) = (0, false);
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (bytes, length) = match escape(rest) {
                Some((escaped, length)) => {
                    found = true;
                    (escaped, length)
                }
                None => (Escaped::byte(rest[0]), 1),
            };
            let span = self.span(at, at + length);
            for byte in bytes.as_bytes() {
                decoded.push(*byte, span);
            }
            at += length;
        }
        found.then_some(decoded)
    }

    /// Without spaces, line breaks and other control characters, and without `+`, which is a space in a
    /// form: whether a writer keeps, folds or drops them, this stays the same.
    pub(super) fn compact(&self) -> Self {
        let mut compact = Self::empty();
        for (byte, span) in self.bytes.iter().zip(&self.spans) {
            if !is_dropped(*byte) {
                compact.push(*byte, *span);
            }
        }
        compact
    }

    /// What the text is if it is base64, or has base64 in it, that begins at any of four places: the
    /// characters of base64 alone count, of either alphabet.
    fn base64_decoded(&self) -> impl Iterator<Item = Self> {
        self.digits_decoded(4, 6, |_, byte| base64_digit(byte))
    }

    /// The same of hex, which begins at any of two places. Of `0x61`, the prefix does not count.
    fn hex_decoded(&self) -> impl Iterator<Item = Self> {
        self.digits_decoded(2, 4, |at, byte| {
            let is_prefix = byte == b'0' && matches!(self.bytes.get(at + 1), Some(b'x' | b'X'));
            let digit = || char::from(byte).to_digit(16);
            (!is_prefix).then(digit).flatten()
        })
    }

    /// The bytes of the digits of an encoding, where so many digits of so many bits each are a group of whole
    /// bytes.
    fn digits_decoded(
        &self,
        group: usize,
        bits: usize,
        digit: impl Fn(usize, u8) -> Option<u32>,
    ) -> impl Iterator<Item = Self> {
        let places = self.bytes.iter().zip(&self.spans).enumerate();
        let digits: Vec<(u32, Span)> = places
            .filter_map(|(at, (byte, span))| Some((digit(at, *byte)?, *span)))
            .collect();
        (0..group).map(move |phase| {
            let mut decoded = Self::empty();
            for group in digits.get(phase..).unwrap_or_default().chunks(group) {
                let (mut number, mut known, mut from) = (0, 0, None);
                for (digit, span) in group {
                    number = (number << bits) | digit;
                    known += bits;
                    let start = *from.get_or_insert(span.0);
                    if known >= 8 {
                        known -= 8;
                        decoded.push((number >> known & 0xff) as u8, (start, span.1));
                        from = (known > 0).then_some(span.0);
                    }
                }
            }
            decoded
        })
    }
}

/// Whether a [compact](View::compact) view leaves it out.
pub(super) const fn is_dropped(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || byte == b'+'
}

const fn base64_digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    } as u32)
}

/// What an escape stands for.
struct Escaped {
    bytes: [u8; 4],
    length: usize,
}

impl Escaped {
    const fn byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            length: 1,
        }
    }

    fn char(code: u32) -> Option<Self> {
        let mut bytes = [0; 4];
        let length = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self { bytes, length })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The escape that these bytes begin with, and its length.
fn escape(bytes: &[u8]) -> Option<(Escaped, usize)> {
    match bytes {
        [b'\\', rest @ ..] => backslash(rest).map(|(escaped, length)| (escaped, length + 1)),
        [b'%', b'u' | b'U', rest @ ..] => Some((Escaped::char(hex(rest, 4)?)?, 6)),
        [b'%', rest @ ..] => Some((Escaped::byte(u8::try_from(hex(rest, 2)?).ok()?), 3)),
        [b'&', rest @ ..] => entity(rest).map(|(escaped, length)| (escaped, length + 1)),
        _ => None,
    }
}

/// What follows a backslash, in JSON, JavaScript, Python or Rust.
fn backslash(rest: &[u8]) -> Option<(Escaped, usize)> {
    let byte = |byte| Some((Escaped::byte(byte), 1));
    match *rest.first()? {
        b @ (b'"' | b'\'' | b'\\' | b'/') => byte(b),
        b'b' => byte(8),
        b'f' => byte(12),
        b'n' => byte(b'\n'),
        b'r' => byte(b'\r'),
        b't' => byte(b'\t'),
        b'x' => Some((Escaped::byte(u8::try_from(hex(&rest[1..], 2)?).ok()?), 3)),
        b'u' if rest.get(1) == Some(&b'{') => {
            let digits = rest[2..].iter().take(7).position(|byte| *byte == b'}')?;
            Some((Escaped::char(hex(&rest[2..], digits)?)?, digits + 3))
        }
        b'u' => {
            let high = hex(&rest[1..], 4)?;
            match rest.get(5..) {
                Some([b'\\', b'u', low @ ..]) if (0xd800..0xdc00).contains(&high) => {
                    let low = hex(low, 4).filter(|low| (0xdc00..0xe000).contains(low))?;
                    let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    Some((Escaped::char(code)?, 11))
                }
                _ => Some((Escaped::char(high)?, 5)),
            }
        }
        _ => None,
    }
}

/// What follows the `&` of a character reference of HTML.
fn entity(rest: &[u8]) -> Option<(Escaped, usize)> {
    let end = |length: usize| length + usize::from(rest.get(length) == Some(&b';'));
    match rest {
        [b'#', b'x' | b'X', digits @ ..] => {
            let length = digits.iter().take(6).take_while(|b| b.is_ascii_hexdigit());
            let length = length.count();
            Some((Escaped::char(hex(digits, length)?)?, end(length + 2)))
        }
        [b'#', digits @ ..] => {
            let digits = digits.iter().take(7).take_while(|b| b.is_ascii_digit());
            let (mut code, mut length) = (0, 0);
            for digit in digits {
                code = code * 10 + u32::from(digit - b'0');
                length += 1;
            }
            (length > 0).then_some(())?;
            Some((Escaped::char(code)?, end(length + 1)))
        }
        _ => {
            let length = rest.iter().take(9).position(|byte| *byte == b';')?;
            let name = &rest[..length];
            let ascii = ASCII.iter().find(|(known, _)| known.as_bytes() == name);
            let code = match ascii {
                Some((_, char)) => u32::from(*char),
                None => {
                    0xa0 + u32::try_from(LATIN_1.iter().position(|k| k.as_bytes() == name)?).ok()?
                }
            };
            Some((Escaped::char(code)?, length + 1))
        }
    }
}

/// The number of so many hexadecimal digits.
fn hex(bytes: &[u8], digits: usize) -> Option<u32> {
    let text = bytes.get(..digits).filter(|text| !text.is_empty())?;
    let mut number = 0;
    for digit in text {
        number = number * 16 + char::from(*digit).to_digit(16)?;
    }
    Some(number)
}

/// The names of HTML for what a secret may hold of ASCII.
const ASCII: &[(&str, char)] = &[
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
];

/// The names of HTML for U+00A0 to U+00FF, in their order.
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

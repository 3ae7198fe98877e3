//! Jinja templates, read but never run: text, expressions and conditions.

/// The longest template that is read.
const LENGTH: usize = 20_000;
/// The deepest nesting of an expression.
const DEPTH: usize = 40;
/// The most words, numbers, texts and signs of an expression.
const TOKENS: usize = 1_500;

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Output(Expr),
    /// `{% if %}`: each branch with its condition, which the last one may lack.
    Branches(Vec<(Option<Expr>, Vec<Piece>)>),
    /// `{% set NAME = … %}`.
    Set(String, Expr),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    None,
    Bool(bool),
    Number(String),
    Text(String),
    Name(String),
    /// `a.b`, `a["b"]` and `a.get("b")`.
    Member(Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Expr>, Vec<(String, Expr)>),
    Filter(Box<Expr>, String, Vec<Expr>),
    Not(Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `a is NAME`, or `a is not NAME`.
    Is(Box<Expr>, String, bool),
    /// A condition, and the values where it holds and where not.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
}

impl Expr {
    /// The name and the keys of `a.b["c"]`.
    pub(super) fn path(&self) -> Option<(&str, Vec<&str>)> {
        match self {
            Self::Name(name) => Some((name, Vec::new())),
            Self::Member(of, key) => {
                let (name, mut keys) = of.path()?;
                match &**key {
                    Self::Text(key) | Self::Number(key) => keys.push(key),
                    _ => return None,
                }
                Some((name, keys))
            }
            _ => None,
        }
    }

    /// The keys below a name.
    pub(super) fn keys_of(&self, name: &str) -> Option<Vec<&str>> {
        let (root, keys) = self.path()?;
        (root == name).then_some(keys)
    }

    /// The text of a constant.
    pub(super) fn constant(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(true) => Some("True".to_owned()),
            Self::Bool(false) => Some("False".to_owned()),
            // `",".join(["a", "b"])`
            Self::Call(of, args, _) => match (&**of, args.as_slice()) {
                (Self::Member(by, method), [Self::List(elements)])
                    if **method == Self::Text("join".to_owned()) =>
                {
                    let all: Option<Vec<String>> = elements.iter().map(Self::constant).collect();
                    Some(all?.join(&by.constant()?))
                }
                (Self::Member(text, method), [one, two])
                    if **method == Self::Text("replace".to_owned()) =>
                {
                    Some(text.constant()?.replace(&one.constant()?, &two.constant()?))
                }
                _ => None,
            },
            // `"a(%s)" % "b"`
            Self::Binary("%", one, two) => {
                let one = one.constant()?;
                (one.matches('%').count() == 1 && one.contains("%s"))
                    .then(|| Some(one.replace("%s", &two.constant()?)))?
            }
            Self::Binary("~" | "+", one, two)
                if matches!((&**one, &**two), (Self::Text(_), _) | (_, Self::Text(_))) =>
            {
                Some(one.constant()? + &two.constant()?)
            }
            _ => None,
        }
    }

    /// Whether two constants are equal.
    fn equals(&self, other: &Expr) -> Option<bool> {
        match (self, other) {
            (Self::None, Self::None) => Some(true),
            (Self::None, other) | (other, Self::None) => other.constant().map(|_| false),
            (one, two) => Some(one.constant()? == two.constant()?),
        }
    }

    /// Whether a constant is true.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Text(text) => Some(!text.is_empty()),
            Self::Number(text) => text.parse::<f64>().ok().map(|number| number != 0.0),
            Self::List(elements) => Some(!elements.is_empty()),
            Self::Dict(entries) => Some(!entries.is_empty()),
            Self::Not(of) => of.truth().map(|value| !value),
            Self::Binary("and", one, two) => match (one.truth(), two.truth()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Binary("or", one, two) => match (one.truth(), two.truth()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Binary("==", one, two) => one.equals(two),
            Self::Binary("!=", one, two) => one.equals(two).map(|is_equal| !is_equal),
            Self::Binary("in", one, two) => match (&**one, &**two) {
                (one, Self::List(elements)) => {
                    let one = one.constant()?;
                    let all: Option<Vec<String>> = elements.iter().map(Self::constant).collect();
                    Some(all?.contains(&one))
                }
                (Self::Text(one), Self::Text(two)) => Some(two.contains(one.as_str())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a test accepts every expression within it, itself included.
    pub(super) fn all(&self, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
        test(self)
            && match self {
                Self::None | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Name(_) => {
                    true
                }
                Self::Member(one, two) | Self::Binary(_, one, two) => {
                    one.all(test) && two.all(test)
                }
                Self::Call(of, args, named) => {
                    of.all(test)
                        && args.iter().all(|one| one.all(test))
                        && named.iter().all(|(_, one)| one.all(test))
                }
                Self::Filter(of, _, args) => of.all(test) && args.iter().all(|one| one.all(test)),
                Self::Not(of) | Self::Is(of, ..) => of.all(test),
                Self::If(one, two, three) => one.all(test) && two.all(test) && three.all(test),
                Self::List(elements) => elements.iter().all(|one| one.all(test)),
                Self::Dict(entries) => entries
                    .iter()
                    .all(|(key, value)| key.all(test) && value.all(test)),
            }
    }

    /// The expression with others in the place of some; what has none is asked for its parts.
    pub(super) fn replace(&self, with: &dyn Fn(&Expr) -> Option<Expr>) -> Expr {
        if let Some(made) = with(self) {
            return made;
        }
        let boxed = |one: &Expr| Box::new(one.replace(with));
        match self {
            Self::None | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Name(_) => {
                self.clone()
            }
            Self::Member(one, two) => Self::Member(boxed(one), boxed(two)),
            Self::Binary(name, one, two) => Self::Binary(name, boxed(one), boxed(two)),
            Self::Call(of, args, named) => Self::Call(
                boxed(of),
                args.iter().map(|one| one.replace(with)).collect(),
                named
                    .iter()
                    .map(|(name, one)| (name.clone(), one.replace(with)))
                    .collect(),
            ),
            Self::Filter(of, name, args) => Self::Filter(
                boxed(of),
                name.clone(),
                args.iter().map(|one| one.replace(with)).collect(),
            ),
            Self::Not(of) => Self::Not(boxed(of)),
            Self::Is(of, name, negated) => Self::Is(boxed(of), name.clone(), *negated),
            Self::If(one, two, three) => Self::If(boxed(one), boxed(two), boxed(three)),
            Self::List(elements) => {
                Self::List(elements.iter().map(|one| one.replace(with)).collect())
            }
            Self::Dict(entries) => Self::Dict(
                entries
                    .iter()
                    .map(|(key, value)| (key.replace(with), value.replace(with)))
                    .collect(),
            ),
        }
    }
}

/// Whether a text is a template at all.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Reads a template. The error says what is not read.
pub(super) fn parse(text: &str) -> Result<Vec<Piece>, String> {
    if text.len() > LENGTH {
        return Err(format!("the template is longer than {LENGTH} bytes"));
    }
    let mut reader = Reader {
        rest: text,
        depth: 0,
    };
    let pieces = reader.pieces()?;
    match reader.rest {
        "" => Ok(pieces),
        rest => Err(format!(
            "`{}` closes nothing",
            rest.chars().take(20).collect::<String>()
        )),
    }
}

/// Reads an expression without braces.
pub(super) fn parse_expression(text: &str) -> Result<Expr, String> {
    if text.len() > LENGTH {
        return Err(format!("the expression is longer than {LENGTH} bytes"));
    }
    Tokens::read(text)?.whole()
}

/// The arguments of a call, by position and by name.
type Arguments = (Vec<Expr>, Vec<(String, Expr)>);

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl Reader<'_> {
    /// Pieces up to a block that is not theirs: `elif`, `else`, `endif`.
    fn pieces(&mut self) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        loop {
            let Some(at) = next_tag(self.rest) else {
                push_text(&mut pieces, self.rest);
                self.rest = "";
                return Ok(pieces);
            };
            let (before, tag) = self.rest.split_at(at);
            push_text(&mut pieces, before);
            if let Some(inner) = tag.strip_prefix("{#") {
                let end = inner.find("#}").ok_or("a comment has no `#}`")?;
                self.rest = &inner[end + 2..];
                continue;
            }
            let (close, is_output) = if tag.starts_with("{{") {
                ("}}", true)
            } else {
                ("%}", false)
            };
            let inner = &tag[2..];
            let end =
                closing(inner, close).ok_or_else(|| format!("a template has no `{close}`"))?;
            let body = inner[..end].trim_matches('-').trim();
            if is_output {
                self.rest = &inner[end + 2..];
                pieces.push(Piece::Output(Tokens::read(body)?.whole()?));
                continue;
            }
            let (word, argument) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
            match word {
                "if" => {
                    self.rest = &inner[end + 2..];
                    pieces.push(self.branches(argument)?);
                }
                "elif" | "else" | "endif" => {
                    self.rest = tag;
                    return Ok(pieces);
                }
                "set" => {
                    self.rest = &inner[end + 2..];
                    let (name, value) = argument.split_once('=').ok_or("a `set` has no `=`")?;
                    pieces.push(Piece::Set(
                        name.trim().to_owned(),
                        Tokens::read(value)?.whole()?,
                    ));
                }
                _ => return Err(format!("`{{% {word} %}}` is not supported")),
            }
        }
    }

    fn branches(&mut self, condition: &str) -> Result<Piece, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("conditions are nested too deep".to_owned());
        }
        let mut branches = Vec::new();
        let mut condition = Some(Tokens::read(condition)?.whole()?);
        loop {
            let pieces = self.pieces()?;
            branches.push((condition, pieces));
            let tag = self
                .rest
                .strip_prefix("{%")
                .ok_or("an `if` has no `endif`")?;
            let end = closing(tag, "%}").ok_or("a template has no `%}`")?;
            let body = tag[..end].trim_matches('-').trim();
            self.rest = &tag[end + 2..];
            let (word, argument) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
            condition = match word {
                "elif" => Some(Tokens::read(argument)?.whole()?),
                "else" => None,
                _ => break,
            };
        }
        self.depth -= 1;
        Ok(Piece::Branches(branches))
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn next_tag(text: &str) -> Option<usize> {
    let tags = ["{{", "{%", "{#"];
    tags.iter().filter_map(|tag| text.find(tag)).min()
}

/// Where a tag ends, outside of quotes and braces.
fn closing(text: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut braces = 0_usize;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if braces == 0 && text[at..].starts_with(close) => return Some(at),
            None => match c {
                '"' | '\'' => quote = Some(c),
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            },
        }
    }
    None
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "//", "**", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|",
    "~", "+", "-", "*", "/", "%",
];

struct Tokens {
    list: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Tokens {
    fn read(text: &str) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            if matches!(first, '"' | '\'') {
                let (read, length) = quoted(rest, first)?;
                tokens.push(Token::Text(read));
                rest = &rest[length..];
            } else if first.is_ascii_digit() {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
                    .unwrap_or(rest.len());
                tokens.push(Token::Number(rest[..end].replace('_', "")));
                rest = &rest[end..];
            } else if first.is_alphabetic() || first == '_' {
                let end = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_owned()));
                rest = &rest[end..];
            } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                tokens.push(Token::Sign(sign));
                rest = &rest[sign.len()..];
            } else if rest.starts_with('=') {
                tokens.push(Token::Sign("="));
                rest = &rest[1..];
            } else {
                return Err(format!("`{first}` is not supported in an expression"));
            }
            rest = rest.trim_start();
            if tokens.len() > TOKENS {
                return Err(format!("an expression has more than {TOKENS} parts"));
            }
        }
        Ok(Self {
            list: tokens,
            at: 0,
            depth: 0,
        })
    }

    fn whole(mut self) -> Result<Expr, String> {
        let expr = self.expression()?;
        match self.list.get(self.at) {
            None => Ok(expr),
            Some(token) => Err(format!("`{}` is unexpected in an expression", shown(token))),
        }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.list.get(self.at), Some(Token::Sign(one)) if *one == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.list.get(self.at), Some(Token::Word(one)) if one == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(format!("an expression lacks `{sign}`"))
    }

    /// A condition: `a if b else c`.
    fn expression(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("an expression is nested too deep".to_owned());
        }
        let mut value = self.or()?;
        while self.word("if") {
            let condition = self.or()?;
            let other = if self.word("else") {
                self.expression()?
            } else {
                Expr::Text(String::new())
            };
            value = Expr::If(Box::new(condition), Box::new(value), Box::new(other));
        }
        self.depth -= 1;
        Ok(value)
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut value = self.and()?;
        while self.word("or") {
            value = Expr::Binary("or", Box::new(value), Box::new(self.and()?));
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut value = self.not()?;
        while self.word("and") {
            value = Expr::Binary("and", Box::new(value), Box::new(self.not()?));
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<Expr, String> {
        let mut times = 0;
        while self.word("not") {
            times += 1;
        }
        let value = self.comparison()?;
        // Twice is a conversion to a bool, which every use of it makes.
        Ok(if times % 2 == 1 {
            Expr::Not(Box::new(value))
        } else {
            value
        })
    }

    fn comparison(&mut self) -> Result<Expr, String> {
        let mut value = self.sum()?;
        loop {
            let mut found = None;
            for sign in ["==", "!=", "<=", ">=", "<", ">"] {
                if self.sign(sign) {
                    found = Some(sign);
                    break;
                }
            }
            if let Some(sign) = found {
                value = Expr::Binary(sign, Box::new(value), Box::new(self.sum()?));
            } else if self.word("in") {
                value = Expr::Binary("in", Box::new(value), Box::new(self.sum()?));
            } else if matches!(self.list.get(self.at), Some(Token::Word(one)) if one == "not")
                && matches!(self.list.get(self.at + 1), Some(Token::Word(one)) if one == "in")
            {
                self.at += 2;
                let within = Expr::Binary("in", Box::new(value), Box::new(self.sum()?));
                value = Expr::Not(Box::new(within));
            } else if self.word("is") {
                let negated = self.word("not");
                let Some(Token::Word(name)) = self.list.get(self.at).cloned() else {
                    return Err("`is` has no test after it".to_owned());
                };
                self.at += 1;
                value = Expr::Is(Box::new(value), name.to_lowercase(), negated);
            } else {
                return Ok(value);
            }
        }
    }

    fn sum(&mut self) -> Result<Expr, String> {
        self.chain(&["+", "-", "~"], Self::product)
    }

    fn product(&mut self) -> Result<Expr, String> {
        self.chain(&["*", "//", "/", "%"], Self::unary)
    }

    fn chain(
        &mut self,
        signs: &[&'static str],
        part: fn(&mut Self) -> Result<Expr, String>,
    ) -> Result<Expr, String> {
        let mut value = part(self)?;
        'next: loop {
            for sign in signs {
                if self.sign(sign) {
                    value = Expr::Binary(sign, Box::new(value), Box::new(part(self)?));
                    continue 'next;
                }
            }
            return Ok(value);
        }
    }

    fn unary(&mut self) -> Result<Expr, String> {
        let mut is_negative = false;
        while self.sign("-") {
            is_negative = !is_negative;
        }
        let value = self.postfix()?;
        Ok(match value {
            Expr::Number(number) if is_negative => Expr::Number(format!("-{number}")),
            value if is_negative => {
                Expr::Binary("-", Box::new(Expr::Number("0".to_owned())), Box::new(value))
            }
            value => value,
        })
    }

    fn postfix(&mut self) -> Result<Expr, String> {
        let mut value = self.primary()?;
        loop {
            if self.sign(".") {
                let Some(Token::Word(key) | Token::Number(key)) = self.list.get(self.at).cloned()
                else {
                    return Err("a `.` has no name after it".to_owned());
                };
                self.at += 1;
                value = Expr::Member(Box::new(value), Box::new(Expr::Text(key)));
            } else if self.sign("[") {
                let key = self.expression()?;
                self.expect("]")?;
                value = Expr::Member(Box::new(value), Box::new(key));
            } else if self.sign("(") {
                let (args, named) = self.arguments()?;
                value = call(value, args, named);
            } else if self.sign("|") {
                let Some(Token::Word(name)) = self.list.get(self.at).cloned() else {
                    return Err("a `|` has no filter after it".to_owned());
                };
                self.at += 1;
                let args = if self.sign("(") {
                    self.arguments()?.0
                } else {
                    Vec::new()
                };
                value = Expr::Filter(Box::new(value), name, args);
            } else {
                return Ok(value);
            }
        }
    }

    fn arguments(&mut self) -> Result<Arguments, String> {
        let (mut args, mut named) = (Vec::new(), Vec::new());
        while !self.sign(")") {
            let name = match (self.list.get(self.at), self.list.get(self.at + 1)) {
                (Some(Token::Word(name)), Some(Token::Sign("="))) => Some(name.clone()),
                _ => None,
            };
            match name {
                Some(name) => {
                    self.at += 2;
                    named.push((name, self.expression()?));
                }
                None => args.push(self.expression()?),
            }
            if !self.sign(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok((args, named))
    }

    fn primary(&mut self) -> Result<Expr, String> {
        let Some(token) = self.list.get(self.at).cloned() else {
            return Err("an expression ends too early".to_owned());
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(mut text) => {
                while let Some(Token::Text(more)) = self.list.get(self.at) {
                    text.push_str(more);
                    self.at += 1;
                }
                Ok(Expr::Text(text))
            }
            Token::Word(word) => Ok(match word.as_str() {
                "true" | "True" => Expr::Bool(true),
                "false" | "False" => Expr::Bool(false),
                "none" | "None" | "null" => Expr::None,
                _ => Expr::Name(word),
            }),
            Token::Sign("(") => {
                let value = self.expression()?;
                self.expect(")")?;
                Ok(value)
            }
            Token::Sign("[") => {
                let mut elements = Vec::new();
                while !self.sign("]") {
                    elements.push(self.expression()?);
                    if !self.sign(",") {
                        self.expect("]")?;
                        break;
                    }
                }
                Ok(Expr::List(elements))
            }
            Token::Sign("{") => {
                let mut entries = Vec::new();
                while !self.sign("}") {
                    let key = self.expression()?;
                    self.expect(":")?;
                    entries.push((key, self.expression()?));
                    if !self.sign(",") {
                        self.expect("}")?;
                        break;
                    }
                }
                Ok(Expr::Dict(entries))
            }
            token @ Token::Sign(_) => Err(format!(
                "`{}` is unexpected in an expression",
                shown(&token)
            )),
        }
    }
}

fn shown(token: &Token) -> &str {
    match token {
        Token::Word(text) | Token::Number(text) | Token::Text(text) => text,
        Token::Sign(sign) => sign,
    }
}

/// A call; `a.get("b")` is a member, and `a.get("b", c)` one with a default.
fn call(of: Expr, args: Vec<Expr>, named: Vec<(String, Expr)>) -> Expr {
    if let Expr::Member(object, name) = &of
        && **name == Expr::Text("get".to_owned())
        && named.is_empty()
        && (1..=2).contains(&args.len())
    {
        let mut args = args.into_iter();
        let key = args.next().unwrap_or(Expr::None);
        let member = Expr::Member(object.clone(), Box::new(key));
        return match args.next() {
            None | Some(Expr::None) => member,
            Some(Expr::Text(text)) if text.is_empty() => member,
            Some(Expr::Dict(entries)) if entries.is_empty() => member,
            Some(Expr::List(elements)) if elements.is_empty() => member,
            Some(default) => Expr::Filter(Box::new(member), "default".to_owned(), vec![default]),
        };
    }
    Expr::Call(Box::new(of), args, named)
}

fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut read = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, 'n')) => read.push('\n'),
                Some((_, 't')) => read.push('\t'),
                Some((_, c @ ('\\' | '"' | '\''))) => read.push(c),
                Some((_, c)) => {
                    read.push('\\');
                    read.push(c);
                }
                None => break,
            },
            c if c == quote => return Ok((read, at + c.len_utf8())),
            c => read.push(c),
        }
    }
    Err(format!("a text has no closing `{quote}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> Expr {
        match parse(text).unwrap().remove(0) {
            Piece::Output(expr) => expr,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn forms_of_a_member_are_one() {
        for text in [
            "{{ config['a']['b'] }}",
            "{{config.a.b}}",
            "{{ config.get('a', {}).get(\"b\") }}",
            "{{- config['a'].b -}}",
        ] {
            assert_eq!(
                output(text).keys_of("config").unwrap(),
                ["a", "b"],
                "{text}"
            );
        }
    }

    #[test]
    fn hostile_templates_are_errors() {
        for text in [
            "{{".to_owned(),
            "{% for x in y %}{% endfor %}".to_owned(),
            "{% if x %}".to_owned(),
            format!("{{{{ {}1 }}}}", "(".repeat(10_000)),
            format!("{{{{ {}1{} }}}}", "[".repeat(5_000), "]".repeat(5_000)),
            "{% if a %}".repeat(1_000),
            "{{ 'a }}".to_owned(),
            "x".repeat(30_000),
        ] {
            assert!(parse(&text).is_err(), "{}", text.len());
        }
        // Read, but nothing is run.
        let pieces = parse("{{ ''.__class__.__mro__[1].__subclasses__() }}").unwrap();
        assert!(matches!(&pieces[..], [Piece::Output(Expr::Call(..))]));
    }

    #[test]
    fn conditions_have_branches() {
        let pieces = parse("a{% if x == 1 %}b{% elif y %}c{% else %}d{% endif %}e").unwrap();
        let Piece::Branches(branches) = &pieces[1] else {
            panic!("{pieces:?}");
        };
        assert_eq!(branches.len(), 3);
    }
}

//! What a plain scalar is: the core schema of YAML 1.2, and what other versions would make of it.

use super::Kind;

/// What a plain scalar is.
pub(super) fn kind(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_ambiguous(text) => Kind::Unclear,
        _ if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => {
            Kind::Text
        }
        _ if is_integer(text) => Kind::Integer,
        _ if is_float(text) && is_past_a_double(text) => Kind::Unclear,
        _ if is_float(text) => Kind::Float,
        _ => Kind::Text,
    }
}

/// Whether versions of YAML read it differently: a bool, an octal or a sexagesimal number to 1.1.
fn is_ambiguous(text: &str) -> bool {
    const BOOLS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];
    if text.len() <= 3 && BOOLS.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return true;
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    is_octal_or_binary(digits) || is_grouped(digits) || is_sexagesimal(digits)
}

/// `1E310`: to some libraries infinity, to others text, to none the number that was written.
fn is_past_a_double(text: &str) -> bool {
    text.parse().is_ok_and(f64::is_infinite)
}

/// `010`, `0b11`.
fn is_octal_or_binary(digits: &str) -> bool {
    let Some(rest) = digits.strip_prefix('0') else {
        return false;
    };
    if let Some(binary) = rest.strip_prefix('b') {
        return is_all(binary, |c| matches!(c, '0' | '1' | '_'));
    }
    is_all(rest, |c| c.is_ascii_digit() || c == '_')
}

/// `1_000`, `0x_ff`, `1_0.5`: numbers with underscores.
fn is_grouped(digits: &str) -> bool {
    if !digits.contains('_') {
        return false;
    }
    let digits = digits.replace('_', "");
    is_integer(&digits) || is_float(&digits)
}

/// `1:30`, `12:30:45.5`.
fn is_sexagesimal(digits: &str) -> bool {
    let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    whole.contains(':')
        && whole
            .split(':')
            .all(|part| is_all(part, |c| c.is_ascii_digit() || c == '_'))
        && is_all(digits, |c| {
            c.is_ascii_digit() || matches!(c, ':' | '.' | '_')
        })
}

fn is_integer(text: &str) -> bool {
    if let Some(octal) = text.strip_prefix("0o") {
        return is_all(octal, |c| matches!(c, '0'..='7'));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return is_all(hex, |c| c.is_ascii_hexdigit());
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    is_all(digits, |c| c.is_ascii_digit())
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(text, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let exponent_is_good = exponent.is_none_or(|exponent| {
        is_all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), |c| {
            c.is_ascii_digit()
        })
    });
    is_number(whole)
        && is_number(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent_is_good
}

fn is_all(text: &str, is_one: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_decides() {
        for text in ["0", "-1", "+12", "0o17", "0xfF", "9999999999999999999999"] {
            assert_eq!(kind(text), Kind::Integer, "{text}");
        }
        for text in [
            "1.10", "-.5", "5.", "1e3", "1.5E-3", "1e-999", ".inf", "-.INF", ".nan",
        ] {
            assert_eq!(kind(text), Kind::Float, "{text}");
        }
        for text in [
            "text",
            "1.2.3",
            "-",
            "+",
            ".",
            "e3",
            "1e",
            "2024-01-01",
            "10s",
            "5xx",
            "0x",
            "12:",
            "yess",
            "tRue",
            "nUll",
            "a:1",
            "_1",
            "1_a",
        ] {
            assert_eq!(kind(text), Kind::Text, "{text}");
        }
    }

    #[test]
    fn what_versions_of_yaml_read_differently_is_unclear() {
        for text in [
            "yes", "No", "ON", "off", "y", "N", "010", "-07", "08", "1_000", "0b11", "1:30",
            "00:30", "12:30:45", "1:30.5", "0x_ff", "1_0.5", "1E310", "-.5e999",
        ] {
            assert_eq!(kind(text), Kind::Unclear, "{text}");
        }
    }
}

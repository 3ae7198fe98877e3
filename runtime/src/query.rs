//! Query strings, edited in place: what is not touched keeps its bytes, so that a link that a
//! server made (and may have signed) goes back as it came.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but what RFC 3986 leaves unreserved.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a query's names and values have to encode; what is left is legal there and easier to read.
const IN_QUERY: &AsciiSet = &RESERVED.remove(b':').remove(b',').remove(b'/').remove(b'@');

/// A name or value, encoded for a query. A space is `%20`, which every server understands.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, IN_QUERY).to_string()
}

/// Adds a parameter at the end.
pub(crate) fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(&encode(name));
    query.push('=');
    query.push_str(&encode(value));
}

/// Puts one parameter in place of all of its name: where the first was, or at the end.
pub(crate) fn set(query: &str, name: &str, value: &str) -> String {
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let ours = format!("{}={}", encode(name), encode(value));
    match pairs.iter().position(|pair| is_named(pair, name)) {
        Some(first) => {
            pairs[first] = &ours;
            let mut at = 0;
            pairs.retain(|pair| {
                at += 1;
                at <= first + 1 || !is_named(pair, name)
            });
        }
        None => pairs.push(&ours),
    }
    pairs.join("&")
}

/// Puts one parameter in the query of a URL, in place of all of its name.
pub(crate) fn set_in_url(url: &mut String, name: &str, value: &str) {
    if let Some(fragment) = url.find('#') {
        url.truncate(fragment);
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    *url = format!("{base}?{}", set(query, name, value));
}

/// Removes the parameters whose decoded values are such from the query of a URL.
pub(crate) fn remove_from_url(url: &mut String, is_removed: impl Fn(&str) -> bool) {
    let Some((base, rest)) = url.split_once('?') else {
        return;
    };
    let (query, fragment) = match rest.split_once('#') {
        Some((query, fragment)) => (query, Some(fragment)),
        None => (rest, None),
    };
    let is_kept = |pair: &&str| {
        let (_, value) = pair.split_once('=').unwrap_or_default();
        let value = value.replace('+', " ");
        !is_removed(&percent_decode_str(&value).decode_utf8_lossy())
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    let mut left = base.to_owned();
    if !kept.is_empty() {
        left.push('?');
        left.push_str(&kept.join("&"));
    }
    if let Some(fragment) = fragment {
        left.push('#');
        left.push_str(fragment);
    }
    *url = left;
}

fn is_named(pair: &str, name: &str) -> bool {
    let found = pair.split('=').next().unwrap_or_default().replace('+', " ");
    percent_decode_str(&found)
        .decode_utf8()
        .is_ok_and(|found| found == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_removed_by_their_decoded_values() {
        let is_removed = |value: &str| value == "a b";
        for (url, left) in [
            ("/x?k=a%20b", "/x"),
            ("/x?k=a+b&n=%41&k=1#f", "/x?n=%41&k=1#f"),
            ("/x?n&k=a b&", "/x?n&"),
            ("/x", "/x"),
            ("/x?#f", "/x?#f"),
        ] {
            let mut url = url.to_owned();
            remove_from_url(&mut url, is_removed);
            assert_eq!(url, left);
        }
    }

    proptest! {
        #[test]
        fn a_server_reads_the_parameter_once_and_the_others_as_before(
            query in "([ab%&=+]|%61|%5B){0,12}",
            name in "[ab]{1,2}",
            value in "\\PC{0,4}",
        ) {
            let read = |query: &str| -> Vec<(String, String)> {
                url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
            };
            let (ours, others): (Vec<_>, Vec<_>) = read(&set(&query, &name, &value))
                .into_iter()
                .partition(|(found, _)| *found == name);
            prop_assert_eq!(ours, [(name.clone(), value)]);
            let mut before = read(&query);
            before.retain(|(found, _)| *found != name);
            prop_assert_eq!(others, before);
        }
    }

    #[test]
    fn a_parameter_is_set_once_where_the_first_of_its_name_was() {
        assert_eq!(
            set("a=1&api%5Fkey=old&b=2&api_key=older", "api_key", "new"),
            "a=1&api_key=new&b=2"
        );
        assert_eq!(set("", "k", "v w"), "k=v%20w");
        assert_eq!(set("flag", "flag", "x"), "flag=x");
    }

    #[test]
    fn other_parameters_keep_their_bytes() {
        assert_eq!(
            set("sig=a%2fb+c~&x[]=%41", "page", "2"),
            "sig=a%2fb+c~&x[]=%41&page=2"
        );
    }

    #[test]
    fn the_query_of_a_url_is_set_before_its_fragment() {
        let mut url = "https://h/p#part".to_owned();
        set_in_url(&mut url, "k", "v");
        assert_eq!(url, "https://h/p?k=v");
    }
}

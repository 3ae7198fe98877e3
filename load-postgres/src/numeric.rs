//! Decimals in the binary format of `numeric`: groups of four decimal digits.

use bytes::{BufMut, BytesMut};

/// Appends a decimal number in plain digits, such as `-12.50`. Returns false, and appends nothing, if the text is not
/// one, or has more digits than Postgres stores.
pub(crate) fn put(text: &str, out: &mut BytesMut) -> bool {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return false;
    }
    let whole = whole.trim_start_matches('0');
    // Postgres stores up to 131072 digits before the point, and 16383 after it.
    if whole.len() > 131_072 || fraction.len() > 16_383 {
        return false;
    }
    let mut groups = Vec::with_capacity(whole.len() / 4 + fraction.len() / 4 + 2);
    let first = whole.len() % 4;
    if first > 0 {
        groups.push(number(&whole[..first]));
    }
    groups.extend(whole.as_bytes()[first..].chunks(4).map(group));
    // The weight of the first group, as a power of 10000.
    let mut weight = i16::try_from(groups.len()).unwrap_or(i16::MAX) - 1;
    groups.extend(fraction.as_bytes().chunks(4).map(group));
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight = weight.saturating_sub(i16::try_from(zeros).unwrap_or(i16::MAX));
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let sign: u16 = if is_negative && !groups.is_empty() {
        0x4000
    } else {
        0
    };
    let length = 8 + 2 * groups.len();
    out.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
    out.put_u16(u16::try_from(groups.len()).unwrap_or(u16::MAX));
    out.put_i16(weight);
    out.put_u16(sign);
    out.put_u16(u16::try_from(fraction.len()).unwrap_or(u16::MAX));
    for group in groups {
        out.put_u16(group);
    }
    true
}

/// The value of up to four digits; digits that are missing at the end are zeros.
fn group(digits: &[u8]) -> u16 {
    let digits = digits.iter().copied().chain(std::iter::repeat(b'0'));
    digits
        .take(4)
        .fold(0, |value, digit| value * 10 + u16::from(digit - b'0'))
}

fn number(digits: &str) -> u16 {
    digits
        .bytes()
        .fold(0, |value, digit| value * 10 + u16::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    /// Weight, sign, scale and groups.
    fn numeric(text: &str) -> Option<(i16, u16, u16, Vec<u16>)> {
        let mut out = BytesMut::new();
        if !super::put(text, &mut out) {
            assert!(out.is_empty());
            return None;
        }
        let words: Vec<u16> = out[4..]
            .chunks(2)
            .map(|word| u16::from_be_bytes([word[0], word[1]]))
            .collect();
        assert_eq!(
            out[..4],
            i32::try_from(out.len() - 4).unwrap().to_be_bytes()
        );
        assert_eq!(usize::from(words[0]), words.len() - 4);
        Some((
            words[1].cast_signed(),
            words[2],
            words[3],
            words[4..].to_vec(),
        ))
    }

    #[test]
    fn numbers_are_groups_of_four_digits() {
        assert_eq!(numeric("0"), Some((0, 0, 0, vec![])));
        assert_eq!(numeric("-0.00"), Some((0, 0, 2, vec![])));
        assert_eq!(numeric("12"), Some((0, 0, 0, vec![12])));
        assert_eq!(numeric("12345"), Some((1, 0, 0, vec![1, 2345])));
        assert_eq!(
            numeric("-12345.678"),
            Some((1, 0x4000, 3, vec![1, 2345, 6780]))
        );
        assert_eq!(numeric("0.00001"), Some((-2, 0, 5, vec![1000])));
        assert_eq!(numeric("10000.0"), Some((1, 0, 1, vec![1])));
        assert_eq!(numeric("007"), Some((0, 0, 0, vec![7])));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "-", "1e5", "1.2.3", "+1", "x", ".5"] {
            assert_eq!(numeric(text), None, "{text}");
        }
    }
}

//! What tells the records of one page from those of another.

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD)
}

/// A number that differs for texts that differ, but for an accident in 2^64. Not against those who
/// make accidents: they would only stop their own pages.
///
/// Four words at a time, so that none waits for the one before: it reads every record of every page.
pub(super) fn fingerprint(text: &str) -> u64 {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let (blocks, words) = words.as_chunks::<4>();
    let mut lanes = [1, 2, 3, text.len() as u64];
    for block in blocks {
        for (lane, bytes) in lanes.iter_mut().zip(block) {
            *lane = mix(*lane, word(bytes));
        }
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let words = lanes.into_iter().chain(words.iter().map(word));
    let hash = words.fold(word(&last), mix);
    hash ^ (hash >> 32)
}

/// A number that is the same for texts of the same bytes in any order: of a list whose records changed
/// their order, for example. Other texts have another one as a rule.
pub(super) fn unordered(text: &str) -> u64 {
    // Sums of powers, which the compiler computes many bytes at a time.
    let (mut sum, mut squares, mut cubes) = (0_u64, 0_u64, 0_u64);
    for chunk in text.as_bytes().chunks(256) {
        let (mut one, mut two, mut three) = (0_u32, 0_u32, 0_u32);
        for byte in chunk {
            let byte = u32::from(*byte);
            one += byte;
            two += byte * byte;
            // At most 255³ · 256 in all, just below 2^32.
            three += byte * byte * byte;
        }
        sum += u64::from(one);
        squares += u64::from(two);
        cubes += u64::from(three);
    }
    [sum, squares, cubes]
        .into_iter()
        .fold(text.len() as u64, mix)
}

/// The same of several texts, by what they have in order.
pub(super) fn fold(before: u64, print: u64) -> u64 {
    before.rotate_left(5).wrapping_mul(SPREAD) ^ print
}

#[cfg(test)]
mod tests {
    use super::{fingerprint, unordered};

    #[test]
    fn the_order_of_records_does_not_change_the_unordered_fingerprint() {
        assert_eq!(
            unordered(r#"{"id":1},{"id":2}"#),
            unordered(r#"{"id":2},{"id":1}"#)
        );
        assert_ne!(
            unordered(r#"{"id":1,"v":"a"}"#),
            unordered(r#"{"id":1,"v":"b"}"#)
        );
        assert_ne!(unordered("ab"), unordered("abc"));
    }

    #[test]
    fn texts_that_differ_in_any_byte_have_other_fingerprints() {
        let mut prints = std::collections::HashSet::new();
        for length in 0..100 {
            let mut text = "a".repeat(length);
            prints.insert(fingerprint(&text));
            for at in 0..length {
                text.replace_range(at..=at, "b");
                prints.insert(fingerprint(&text));
                text.replace_range(at..=at, "a");
            }
        }
        assert_eq!(prints.len(), 100 + 99 * 100 / 2);
    }
}

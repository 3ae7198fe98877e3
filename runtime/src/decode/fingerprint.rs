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

/// The same of several texts, by what they have in order.
pub(super) fn fold(before: u64, print: u64) -> u64 {
    before.rotate_left(5).wrapping_mul(SPREAD) ^ print
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

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

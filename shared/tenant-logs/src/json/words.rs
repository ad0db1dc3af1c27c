//! How many bytes come before the next one that a JSON string cannot hold as it is, looked for eight at a time.

const ONES: u64 = 0x0101_0101_0101_0101;

/// Returns how many bytes come before the first quote, backslash or control character; all where there is none.
#[inline]
pub(super) fn unescaped_bytes(text: &[u8]) -> usize {
    let mut unescaped = 0;
    let mut rest = text;
    // Two words at a time: most strings end within them.
    while let Some((first, after)) = rest.split_first_chunk::<8>()
        && let Some((second, after)) = after.split_first_chunk::<8>()
    {
        let (first, second) = (marks(*first), marks(*second));
        if first != 0 {
            return unescaped + index_of(first);
        }
        if second != 0 {
            return unescaped + 8 + index_of(second);
        }
        unescaped += 16;
        rest = after;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    unescaped + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Returns the index of the first special one of eight bytes; eight where none is.
#[inline]
pub(super) fn first_special(eight: [u8; 8]) -> usize {
    index_of(marks(eight))
}

#[inline]
fn index_of(marks: u64) -> usize {
    usize::try_from(marks.trailing_zeros() / 8).unwrap_or(8)
}

/// Returns the highest bit of each special one of eight bytes, perhaps also of some after the first.
#[inline]
fn marks(eight: [u8; 8]) -> u64 {
    let eight = u64::from_le_bytes(eight);
    // A quote, 0x22, changes places with the blank, so that it and the control characters are all that is below 0x21.
    let swapped = eight ^ (ONES * 0x02);
    let quotes_and_controls = below(swapped, 0x21);
    let backslashes = below(eight ^ (ONES * 0x5c), 0x01);
    (quotes_and_controls | backslashes) & (ONES * 0x80)
}

/// Sets the highest bit of each byte that is below a limit; it can err only in bytes after one that is.
#[inline]
fn below(eight: u64, limit: u64) -> u64 {
    eight.wrapping_sub(ONES * limit) & !eight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_quotes_backslashes_and_control_characters_are_special() {
        for byte in 0..=u8::MAX {
            let is_special = byte == b'"' || byte == b'\\' || byte < 0x20;
            for length in [1, 7, 8, 9, 15, 16, 17, 30] {
                for at in 0..length {
                    let mut text = vec![b'.'; length];
                    text[at] = byte;
                    let first = if is_special { at } else { length };
                    assert_eq!(unescaped_bytes(&text), first, "{byte} at {at} of {length}");
                }
            }
        }
    }
}
